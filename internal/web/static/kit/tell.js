// Words: texts come with the page in its language; a short message is shown and read aloud.
const texts = document.getElementById('texts');
const rules = new Intl.PluralRules(document.documentElement.lang);
const forms = { en: ['one', 'other'], es: ['one', 'other'], ru: ['one', 'few', 'many'] }[document.documentElement.lang] || ['one', 'other'];

// say fills a text, by its name or as it is. A number chooses among its forms.
export function say(text, ...args) {
  text = texts.dataset[text] ?? text;
  const all = text.split('|'), n = args.find(a => typeof a === 'number');
  if (all.length > 1) text = all[Math.max(0, Math.min(forms.indexOf(rules.select(n ?? 0)), all.length - 1))] ?? all.at(-1);
  for (const a of args) text = text.replace(/%[ds]/, () => String(a));
  return text;
}

let timer = 0;

// tell shows a message for a while; a fault stays until it is closed.
export function tell(text, fault = false) {
  const toast = document.getElementById('toast'), box = document.createElement('div'), words = document.createElement('p');
  box.className = 'toast' + (fault ? ' fault' : '');
  words.textContent = text;
  box.append(words);
  if (fault) {
    const close = document.createElement('button');
    close.type = 'button';
    close.dataset.close = 'toast';
    close.setAttribute('aria-label', '×');
    close.textContent = '×';
    box.append(close);
  }
  toast.replaceChildren(box);
  clearTimeout(timer);
  if (!fault) timer = setTimeout(() => box.remove(), 5000);
}
