// A zone is drawn on the map: a click adds a corner, corners are dragged, a click on one takes it away. What is drawn stands in
// the text beside it, which is what is sent; what is typed there is drawn. Without this, the text alone does.
(() => {
  'use strict';
  const root = document.querySelector('[data-zone]'), text = document.querySelector('textarea.area');
  if (!root || !text || !window.L) return;
  let layer = null;

  const number = n => String(Math.round(n * 1e6) / 1e6);
  const rings = () => text.value.trim().startsWith('{') ? null : text.value.split(/\n\s*\n/).map(ring => ring.split('\n').map(line => line.split(/[,;\s]+/).filter(Boolean).map(Number)).filter(p => p.length === 2 && p.every(Number.isFinite))).filter(ring => ring.length);

  function write(all) {
    text.value = all.map(ring => ring.map(p => p.map(number).join(', ')).join('\n')).join('\n\n');
    draw();
  }

  function draw() {
    const all = rings();
    layer.clearLayers();
    if (!all) return;
    L.polygon(all, { className: 'area edited', interactive: false }).addTo(layer);
    all.forEach((ring, i) => ring.forEach((at, j) => {
      const m = L.marker(at, { draggable: true, keyboard: false, icon: L.divIcon({ className: 'corner', html: '<span></span>', iconSize: [34, 34] }) }).addTo(layer);
      m.on('dragend', () => { const p = m.getLatLng(); ring[j] = [p.lat, p.lng]; write(all); });
      m.on('click', () => { ring.splice(j, 1); write(all.filter(r => r.length || r === all[0] && i > 0)); });
    }));
  }

  // add puts a corner between those two of the outer ring to whose line it is nearest.
  function add(p) {
    const all = rings();
    if (!all) return;
    const ring = all[0] || (all[0] = []);
    let best = ring.length, least = Infinity;
    const apart = (a, b) => Math.hypot(a[0] - b[0], (a[1] - b[1]) * Math.cos(p[0] * Math.PI / 180));
    if (ring.length > 2) ring.forEach((a, i) => {
      const b = ring[(i + 1) % ring.length], more = apart(a, p) + apart(p, b) - apart(a, b);
      if (more < least) { least = more; best = i + 1; }
    });
    ring.splice(best, 0, p);
    write(all);
  }

  function begin() {
    const map = root.townMap;
    if (!map || layer) return;
    map.eachLayer(l => { if (l.options?.className === 'area edited') l.remove(); });
    layer = L.layerGroup().addTo(map);
    map.on('click', e => add([e.latlng.lat, e.latlng.lng]));
    text.addEventListener('input', draw);
    document.body.classList.add('drawing');
    draw();
  }
  root.addEventListener('town:shown', begin);
  begin();
})();
