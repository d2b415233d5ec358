// A pin on a map says where a delivery goes. The map needs no tiles: where is delivered is drawn on plain ground.
(() => {
  'use strict';
  const place = document.getElementById('map');
  if (!place || !window.L) return;
  const lat = document.getElementById('lat'), lon = document.getElementById('lon');
  const way = document.getElementById('way'), town = JSON.parse(place.dataset.town);
  document.querySelector('.pin').hidden = false;
  let map, pin;

  function tell() {
    way.dispatchEvent(new Event('change', { bubbles: true }));
  }

  function put(at) {
    if (pin) pin.setLatLng(at);
    else {
      pin = L.marker(at, { draggable: true, keyboard: true, title: place.getAttribute('aria-label'), icon: L.divIcon({ className: 'door', iconSize: [26, 26], iconAnchor: [13, 26] }) }).addTo(map);
      pin.on('dragend', () => set(pin.getLatLng()));
    }
  }

  function set(at) {
    put(at);
    lat.value = at.lat.toFixed(6);
    lon.value = at.lng.toFixed(6);
    tell();
  }

  function draw() {
    if (map) return map.invalidateSize();
    map = L.map(place, { attributionControl: Boolean(town.tiles), zoomSnap: .25 });
    if (town.tiles) L.tileLayer(town.tiles, { attribution: town.credit, maxZoom: 19 }).addTo(map);
    const bounds = L.latLngBounds([]);
    const here = p => [p.lat, p.lon];
    for (const a of town.areas || []) {
      const area = L.polygon(a.shape.map(ring => ring.map(here)), { className: 'zone ' + a.kind, weight: 2 });
      area.bindTooltip(a.label, { direction: 'center', permanent: false }).addTo(map);
      bounds.extend(area.getBounds());
    }
    for (const p of town.places || []) {
      if (p.kind === 'door') continue; // the form says it
      L.circleMarker(here(p.at), { radius: 8, className: 'house' }).bindTooltip(p.label).addTo(map);
      bounds.extend(here(p.at));
    }
    if (lat.value && lon.value) put(L.latLng(Number(lat.value), Number(lon.value)));
    map.fitBounds(bounds.pad(.05), { maxZoom: 15 });
    map.on('click', e => set(e.latlng));
  }

  function show() {
    const chosen = way.querySelector('[name=type]:checked');
    if (chosen && chosen.value === 'delivery') draw();
  }

  document.getElementById('here').addEventListener('click', () => {
    if (!navigator.geolocation) return;
    navigator.geolocation.getCurrentPosition(p => {
      const at = L.latLng(p.coords.latitude, p.coords.longitude);
      map.setView(at, 16);
      set(at);
    });
  });
  document.getElementById('no-pin').addEventListener('click', () => {
    if (pin) pin.remove();
    pin = undefined;
    lat.value = lon.value = '';
    tell();
  });
  way.addEventListener('change', show);
  show();
})();
