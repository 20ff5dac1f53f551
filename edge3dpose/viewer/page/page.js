// The page: reads poses (live over a WebSocket, or a whole file), keeps them, shows one frame.
import { Store } from './store.js';
import { Space } from './space.js';
import { drawPicture } from './picture.js';
import { ANGLES, angleDeg, drawPlot } from './angles.js';

const $ = (id) => document.getElementById(id);
const query = location.search;
const store = new Store();
const space = new Space($('space'));
const video = $('video');
let following = true;          // shows the newest frame
let shown = 0;                 // number of the frame in the store
let person = null;             // track id whose angle is plotted
let clock = null;              // wall time and media time where playing began
let settings = { mode: 'live' };
let arrived = [];              // times of the newest frames, for the rate
let dirty = true;

for (const name of Object.keys(ANGLES)) $('angle').add(new Option(name.replaceAll('_', ' '), name));

start();

async function start() {
  try {
    settings = await (await fetch(`settings.json${query}`)).json();
  } catch {
    say('cannot be reached, or the token is wrong', true);
    return;
  }
  $('title').textContent = settings.title || 'edge3dpose';
  document.title = `${settings.title || 'poses'} - edge3dpose`;
  if (settings.mode === 'file') await readFile(); else connect();
  requestAnimationFrame(tick);
}

async function readFile() {
  say('reading');
  const answer = await fetch(`poses.jsonl${query}`);
  if (!answer.ok) return say('the poses cannot be read', true);
  let damaged = 0;
  for (const line of (await answer.text()).split('\n')) {
    try { if (line.trim()) store.line(JSON.parse(line)); } catch { damaged += 1; }
  }
  following = false;
  shown = 0;
  clock = null;
  if (settings.video) {
    video.src = `video${query}`;
    video.addEventListener('error', () => { settings.video = false; say('this browser cannot play the video', true); });
    video.addEventListener('seeked', () => { dirty = true; });
    // a hidden video that has not moved gives no picture to draw
    video.addEventListener('loadeddata', () => { if (video.paused) video.currentTime += 1e-3; dirty = true; });
  }
  const left = damaged ? `, ${damaged} damaged line${damaged > 1 ? 's' : ''} left out` : '';
  say(`${store.frames.length} frames${left}`, damaged > 0);
  showPlaying();
  choosePeople();
  dirty = true;
}

let wait = 500;
function connect() {
  const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
  const socket = new WebSocket(`${scheme}://${location.host}/poses${query}`);
  socket.binaryType = 'arraybuffer';
  socket.onopen = () => { wait = 500; say('connected'); };
  socket.onmessage = ({ data }) => {
    if (typeof data === 'string') receive(JSON.parse(data)); else store.picture(data);
    dirty = true;
  };
  socket.onclose = () => {
    if (store.over) return say('the run is over');
    say('connection lost, trying again', true);
    setTimeout(connect, wait);
    wait = Math.min(wait * 2, 5000);
  };
}

function receive(content) {
  if (content.schema) { store.clear(); following = true; shown = 0; }
  store.add(content);
  if (content.event === 'end') { if (following) goTo(store.frames.length - 1); say('the run is over'); }
  else if (content.event) say(String(content.event).replaceAll('_', ' '), content.event === 'source_lost');
  if (content.people) {
    arrived.push(performance.now());
    if (arrived.length > 60) arrived.shift();
  }
}

function tick() {
  requestAnimationFrame(tick);
  const last = store.frames.length - 1;
  if (last < 0) { space.render(); return; }
  let next = shown;
  if (settings.video && !video.paused) next = store.at(video.currentTime);
  else if (clock) {
    next = store.at(clock.media + (performance.now() - clock.wall) / 1000);
    if (next >= last) { clock = null; following = !store.over && settings.mode !== 'file'; showPlaying(); }
  } else if (following) next = last;
  if (next !== shown) { shown = next; dirty = true; }
  if (dirty) { dirty = false; show(); }
  space.render();
}

function show() {
  shown = Math.min(Math.max(shown, 0), store.frames.length - 1);
  const newest = store.frames.length - 1;
  let frame = store.frames[shown];
  // while following, the picture that came last with the poses of its own frame
  const picture = settings.video ? video : store.pictureFor(frame.frame);
  const of = following && picture && picture.frame !== undefined ? store.byIndex(picture.frame) : frame;
  drawPicture($('picture'), settings.video ? video : picture, of || frame, store.header);
  space.show(frame, store);
  $('time').max = newest;
  $('time').value = shown;
  $('now').textContent = `${frame.time_s.toFixed(2)} s`;
  choosePeople(frame);
  facts(frame);
  drawPlot($('plot'), store, shown, person, $('angle').value);
}

function facts(frame) {
  const rows = [['frame', frame.frame]];
  const cut = frame.cut ?? store.header?.cut;
  if (store.header?.model) rows.push(['model', store.header.model]);
  if (cut !== undefined && cut !== null) rows.push(['cut', cut]);
  if (following && arrived.length > 5) {
    const rate = 1000 * (arrived.length - 1) / (arrived.at(-1) - arrived[0]);
    rows.push(['FPS', rate.toFixed(1)]);
  }
  if (frame.age_s !== undefined) rows.push(['latency', `${(1000 * frame.age_s).toFixed(0)} ms`]);
  rows.push(['people', frame.people.length]);
  const one = frame.people.find((p) => p.id === person);
  if (one) {
    const value = angleDeg(one.joints_mm, store.header?.joints, $('angle').value);
    if (value !== null) rows.push([$('angle').value.replaceAll('_', ' '), `${value.toFixed(0)}°`]);
  }
  $('facts').replaceChildren(...rows.map(([name, value]) => {
    const row = document.createElement('div');
    const dt = document.createElement('dt'), dd = document.createElement('dd');
    dt.textContent = name; dd.textContent = value;
    row.append(dt, dd);
    return row;
  }));
}

let listed = '';
function choosePeople(frame) {
  const ids = store.ids();
  if (person === null || !ids.includes(person)) person = frame?.people[0]?.id ?? ids[0] ?? null;
  const now = `${ids.join()}|${person}`;
  if (now === listed) return;
  const held = document.activeElement?.dataset?.person;
  listed = now;
  $('people').replaceChildren(...ids.map((id, n) => {
    const button = document.createElement('button');
    button.type = 'button';
    button.dataset.person = id;
    button.setAttribute('aria-pressed', id === person);
    const chip = document.createElement('span');
    chip.className = `chip chip${store.colourOf(id)}`;
    button.append(chip, `person ${id}`);
    button.onclick = () => { person = id; listed = ''; dirty = true; };
    return button;
  }));
  if (held !== undefined) $('people').querySelector(`[data-person="${held}"]`)?.focus();
}

function playing() { return following || clock !== null || (settings.video && !video.paused); }

function showPlaying() {
  $('play').textContent = playing() ? 'pause' : 'play';
  $('play').setAttribute('aria-pressed', String(!playing()));
}

function playOrPause() {
  if (playing()) {
    following = false; clock = null; video.pause();
  } else {
    if (shown >= store.frames.length - 1) {
      if (settings.mode === 'file' || store.over) shown = 0; else following = true;
    }
    if (settings.video) { video.currentTime = store.frames[shown].time_s; video.play(); }
    else if (!following) clock = { wall: performance.now(), media: store.frames[shown].time_s };
  }
  showPlaying();
}

function goTo(number) {
  following = false; clock = null; video.pause();
  shown = Math.min(Math.max(number, 0), store.frames.length - 1);
  if (settings.video && store.frames[shown]) video.currentTime = store.frames[shown].time_s + 1e-3;
  showPlaying();
  dirty = true;
}

video.addEventListener('play', showPlaying);
video.addEventListener('pause', showPlaying);
video.addEventListener('ended', showPlaying);
$('play').onclick = playOrPause;
$('time').oninput = () => goTo(Number($('time').value));
$('angle').onchange = () => { dirty = true; };
for (const button of document.querySelectorAll('[data-view]')) button.onclick = () => space.look(button.dataset.view);
addEventListener('resize', () => { dirty = true; });
addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches('select')) return;
  const onButton = event.target.matches('button'), inSpace = event.target === $('space');
  const views = { c: 'camera', s: 'side', a: 'top' };
  if (event.key === ' ' && !onButton) playOrPause();
  else if (event.key === 'ArrowLeft' && !inSpace) goTo(shown - 1);
  else if (event.key === 'ArrowRight' && !inSpace) goTo(shown + 1);
  else if (event.key === 'Home') goTo(0);
  else if (event.key === 'End') { goTo(store.frames.length - 1); if (settings.mode === 'live' && !store.over) { following = true; showPlaying(); } }
  else if (views[event.key]) space.look(views[event.key]);
  else if (inSpace && space.key(event.key)) { /* turned */ }
  else if (/^[1-9]$/.test(event.key)) { const id = store.ids()[Number(event.key) - 1]; if (id !== undefined) { person = id; listed = ''; dirty = true; } }
  else return;
  event.preventDefault();
});

function say(text, bad = false) {
  $('state').textContent = text;
  $('state').classList.toggle('bad', bad);
}

// what a test asks for
globalThis.edge3dpose = { store, space, state: () => ({ shown, following, frames: store.frames.length, pictures: store.pictures.size, person, over: store.over, state: $('state').textContent }) };
