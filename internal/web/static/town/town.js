// Maps that can be moved about in. The server has drawn the map already; this makes it one of Leaflet's, from the data
// beside the drawing, and keeps it so as new data comes. Without tiles the ground is plain.
(() => {
  'use strict';
  const maps = new Map();
  const paths = {
    outlet: '<path d="M3 7h10v6.5H3zM2 4.5 3.3 2h9.4L14 4.5V7H2z"/>',
    door: '<path d="M2.5 8 8 2.5 13.5 8M4 7v6.5h8V7"/>',
    driver: '<circle cx="4" cy="11.5" r="1.8"/><circle cx="12" cy="11.5" r="1.8"/><path d="M5.8 11.5h4.4M2.5 9.7V8H7v3.5M9 4h2l1.2 5.7"/>',
  };

  function pin(place) {
    const span = document.createElement('span');
    span.className = `pin ${place.kind}${place.faded ? ' faded' : ''}${place.marked ? ' marked' : ''}`;
    if (place.key) span.dataset.place = place.key;
    span.innerHTML = `<svg viewBox="0 0 16 16" aria-hidden="true">${paths[place.kind.split(' ')[0]] || ''}</svg>`;
    const size = place.marked ? 28 : 22;
    return L.divIcon({ html: span, className: '', iconSize: [size, size] });
  }

  const at = p => [p.lat, p.lon];
  const words = p => p.note ? `${p.label} · ${p.note}` : p.label;

  // text, as a node: names are never HTML.
  function named(text) {
    const span = document.createElement('span');
    span.textContent = text;
    return span;
  }

  function begin(root, data) {
    const box = document.createElement('div');
    box.className = 'live';
    root.append(box);
    root.classList.add('alive');
    const map = L.map(box, { attributionControl: Boolean(data.tiles), zoomSnap: .25, scrollWheelZoom: false });
    if (data.tiles) L.tileLayer(data.tiles, { attribution: named(data.credit || '').innerHTML, maxZoom: 19 }).addTo(map);
    map.attributionControl?.setPrefix(false);
    L.control.scale({ imperial: false }).addTo(map);
    map.on('focus', () => map.scrollWheelZoom.enable());
    map.on('blur', () => map.scrollWheelZoom.disable());
    const state = { map, places: new Map(), layers: L.layerGroup().addTo(map), moved: false };
    box.addEventListener('pointerdown', () => { state.moved = true; });
    maps.set(root, state);
    new ResizeObserver(() => {
      if (maps.get(root) !== state) return;
      map.invalidateSize(false);
      if (!state.moved && state.data) fit(state, state.data);
    }).observe(box);
    return state;
  }

  function show(root) {
    const holder = root.querySelector('.town-data');
    if (!holder) return end(root);
    if (!window.L) return;
    const data = JSON.parse(holder.dataset.map), fresh = !maps.has(root);
    const state = maps.get(root) || begin(root, data);
    state.data = data;
    if (fresh || !state.moved) fit(state, data); // before anything is put on it: a map without a view shows nothing
    state.layers.clearLayers();
    for (const a of data.areas || []) L.polygon(a.shape.map(ring => ring.map(at)), { className: `area ${a.kind}`, interactive: Boolean(a.label) }).addTo(state.layers).bindTooltip(named(a.label), { className: 'town-name', sticky: true });
    for (const w of data.ways || []) L.polyline(w.via.map(at), { className: `way ${w.kind}`, interactive: false }).addTo(state.layers);
    place(state, data.places || [], root);
    root.townMap = state.map; // for those who draw on it
    root.dispatchEvent(new CustomEvent('town:shown', { bubbles: true, detail: data }));
  }

  // end takes a map away of which nothing is left to show.
  function end(root) {
    maps.get(root)?.map.remove();
    maps.delete(root);
    root.querySelector('.live')?.remove();
    root.classList.remove('alive');
  }

  // place moves the markers that stay, so that nothing flickers and the one that has the focus keeps it.
  function place(state, places, root) {
    const seen = new Set();
    const open = root.dataset.town === 'open'; // its markers can be chosen
    for (const p of places) {
      const key = p.key || p.kind + p.label;
      seen.add(key);
      const look = JSON.stringify([p.kind, p.faded, p.marked, words(p)]);
      let m = state.places.get(key);
      if (!m) {
        m = L.marker(at(p.at), { icon: pin(p), keyboard: false, interactive: true, zIndexOffset: p.marked ? 500 : p.kind.startsWith('driver') ? 200 : 0 }).addTo(state.map);
        state.places.set(key, m);
      }
      m.setLatLng(at(p.at));
      if (m.look !== look) {
        m.look = look;
        m.setIcon(pin(p));
        m.unbindTooltip();
        if (p.label) m.bindTooltip(named(words(p)), { className: 'town-name', direction: 'top', offset: [0, -12], permanent: !open });
      }
      if (open) m.getElement().querySelector('.pin').draggable = p.kind.startsWith('door');
    }
    for (const [key, m] of state.places) if (!seen.has(key)) { m.remove(); state.places.delete(key); }
  }

  function fit(state, data) {
    const all = [...(data.places || []).map(p => at(p.at)), ...(data.ways || []).flatMap(w => w.via.map(at))];
    if (data.around || all.length === 0) all.push(...(data.areas || []).flatMap(a => a.shape.flat().map(at)));
    if (all.length === 0) all.push([0, 0]);
    state.map.fitBounds(all, { padding: [40, 40], maxZoom: 16, animate: false });
  }

  const showAll = () => document.querySelectorAll('[data-town]').forEach(show);
  document.addEventListener('htmx:sseMessage', e => {
    const root = e.target.closest?.('[data-town]');
    if (root) show(root);
  });
  showAll();
})();
