// All cameras on one page: each with its picture, joints, rate and state, from one WebSocket.
import { drawPicture } from './picture.js';

const KEPT = 90;               // frames of a camera that a picture may still belong to
const query = location.search;
let cameras = [];
let joints = [];

start();

async function start() {
  let settings;
  try {
    settings = await (await fetch(`settings.json${query}`)).json();
  } catch {
    return say('cannot be reached, or the token is wrong', true);
  }
  joints = settings.joints;
  cameras = settings.names.map(tile);
  document.getElementById('cameras').replaceChildren(...cameras.map((one) => one.place));
  connect();
  requestAnimationFrame(draw);
}

function tile(name) {
  const part = (kind, className, text = '') => {
    const made = document.createElement(kind);
    made.className = className;
    made.textContent = text;
    return made;
  };
  const place = part('section', ''), about = part('div', 'about');
  const canvas = document.createElement('canvas');
  place.setAttribute('aria-label', name);
  canvas.setAttribute('aria-label', `${name}: picture with the joints`);
  canvas.width = 640;
  canvas.height = 360;
  const rate = part('p', 'rate'), people = part('p', 'people'), state = part('p', 'state', 'connecting');
  state.setAttribute('role', 'status');
  about.append(part('h2', 'name', name), rate, people, state);
  place.append(canvas, about);
  return { name, place, canvas, rate, people, state, is: 'connecting', frames: new Map(), newest: null, picture: null, count: 0, pictures: 0, dirty: false };
}

let wait = 500;
function connect() {
  const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
  const socket = new WebSocket(`${scheme}://${location.host}/poses${query}`);
  socket.binaryType = 'arraybuffer';
  socket.onopen = () => { wait = 500; say('connected'); };
  socket.onmessage = ({ data }) => { if (typeof data === 'string') receive(JSON.parse(data)); else receivePicture(data); };
  socket.onclose = () => {
    say('connection lost, trying again', true);
    for (const one of cameras) show(one, 'connecting', '', null);
    setTimeout(connect, wait);
    wait = Math.min(wait * 2, 5000);
  };
}

function receive(content) {
  const one = cameras[content.of];
  if (!one) return;
  if (content.state) return show(one, content.state, content.why, content.fps);
  if (content.size) content.camera = { size: content.size };
  if (one.newest && content.frame < one.newest.frame) { one.frames.clear(); one.picture = null; }  // begun anew
  one.frames.set(content.frame, content);
  if (one.frames.size > KEPT) one.frames.delete(one.frames.keys().next().value);
  one.newest = content;
  one.count += 1;
  one.dirty = true;
}

// 1 byte: which camera; 4 bytes: the frame's number (little-endian); a JPEG
function receivePicture(data) {
  const view = new DataView(data), one = cameras[view.getUint8(0)], frame = view.getUint32(1, true);
  if (!one) return;
  createImageBitmap(new Blob([data.slice(5)], { type: 'image/jpeg' })).then((image) => {
    one.picture?.image.close();
    one.picture = { frame, image };
    one.pictures += 1;
    one.dirty = true;
  }, () => {});
}

function show(one, state, why, fps) {
  one.is = state;
  one.place.className = state;
  const text = why ? `${state}: ${why}` : state;
  if (one.state.textContent !== text) one.state.textContent = text;
  one.rate.textContent = fps === null || fps === undefined ? '' : `${fps.toFixed(1)} FPS`;
}

function draw() {
  requestAnimationFrame(draw);
  for (const one of cameras) {
    if (!one.dirty || !one.newest) continue;
    one.dirty = false;
    // the poses of the picture's own frame, while pictures come
    const fresh = one.picture && one.newest.frame - one.picture.frame < KEPT;
    const frame = (fresh && one.frames.get(one.picture.frame)) || one.newest;
    drawPicture(one.canvas, one.picture, frame, { joints });
    const age = frame.age_s === undefined ? '' : `, ${(1000 * frame.age_s).toFixed(0)} ms`;
    const count = one.newest.people.length;
    one.people.textContent = `${count} ${count === 1 ? 'person' : 'people'}${age}`;
  }
}

function say(text, bad = false) {
  const state = document.getElementById('state');
  state.textContent = text;
  state.classList.toggle('bad', bad);
}

// what a test asks for
globalThis.edge3dpose = { cameras: () => cameras.map(({ name, is, count, pictures, state, rate, people }) => ({ name, is, count, pictures, state: state.textContent, rate: rate.textContent, people: people.textContent })) };
