// Lets a device that is switched on without a network show what it last showed. Where there is a network, it changes nothing.
const store = 'brigade-' + new URL(registration.scope).pathname.split('/')[1]; // each area of pages has its own

addEventListener('install', () => skipWaiting());
addEventListener('activate', e => e.waitUntil(clients.claim()));

async function page(request) {
  try {
    return await fetch(request);
  } catch (fault) {
    const last = await (await caches.open(store)).match(request.url);
    if (last) return last;
    throw fault;
  }
}

// Files below /static/VERSION/ never change; those of another version are forgotten.
async function file(request) {
  const kept = await caches.open(store), known = await kept.match(request.url);
  if (known) return known;
  const answer = await fetch(request);
  const version = request.url.split('/static/')[1].split('/')[0];
  for (const old of await kept.keys()) {
    if (old.url.includes('/static/') && !old.url.includes('/static/' + version + '/')) kept.delete(old);
  }
  if (answer.ok) kept.put(request.url, answer.clone());
  return answer;
}

addEventListener('fetch', e => {
  const { request } = e, path = new URL(request.url).pathname;
  if (request.method !== 'GET') return;
  if (request.mode === 'navigate') e.respondWith(page(request));
  else if (path.startsWith('/static/')) e.respondWith(file(request));
});
