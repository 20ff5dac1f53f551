// Joint-centre angles in 3D, degrees; 0 when the limb is straight.
import { PEOPLE } from './picture.js';

const flexion = (a, b, c) => ({ joints: [a, b, c] });
export const ANGLES = {
  left_knee: flexion('left_hip', 'left_knee', 'left_ankle'),
  right_knee: flexion('right_hip', 'right_knee', 'right_ankle'),
  left_hip: flexion('thorax', 'left_hip', 'left_knee'),
  right_hip: flexion('thorax', 'right_hip', 'right_knee'),
  left_elbow: flexion('left_shoulder', 'left_elbow', 'left_wrist'),
  right_elbow: flexion('right_shoulder', 'right_elbow', 'right_wrist'),
};

export function angleDeg(joints, names, angle) {
  if (!names || !joints) return null;
  const [a, b, c] = ANGLES[angle].joints.map((name) => joints[names.indexOf(name)]);
  if (!a || !b || !c) return null;
  const u = b.map((v, i) => v - a[i]), w = c.map((v, i) => v - b[i]);
  const length = Math.hypot(...u) * Math.hypot(...w);
  if (!length) return null;
  return Math.acos(Math.max(-1, Math.min(1, u.reduce((sum, v, i) => sum + v * w[i], 0) / length))) * 180 / Math.PI;
}

const SPAN_S = 10;

export function drawPlot(canvas, store, shown, person, angle) {
  const ratio = devicePixelRatio || 1, width = canvas.clientWidth || 640, height = canvas.clientHeight || 120;
  canvas.width = width * ratio; canvas.height = height * ratio;
  const brush = canvas.getContext('2d');
  brush.scale(ratio, ratio);
  const now = store.frames[shown]?.time_s ?? 0;
  const last = store.frames.at(-1)?.time_s ?? 0;
  const end = Math.min(last, now + SPAN_S / 2), start = Math.max(store.frames[0]?.time_s ?? 0, end - SPAN_S);
  const left = 34, right = 8, top = 8, bottom = 18;
  const x = (t) => left + (t - start) / Math.max(end - start, 1e-3) * (width - left - right);
  const y = (deg) => height - bottom - deg / 180 * (height - top - bottom);
  brush.font = '11px system-ui, sans-serif';
  brush.fillStyle = '#9aa4b1'; brush.strokeStyle = '#343b45';
  brush.textAlign = 'right'; brush.textBaseline = 'middle';
  for (const deg of [0, 60, 120, 180]) {
    brush.fillText(`${deg}°`, left - 5, y(deg));
    brush.beginPath(); brush.moveTo(left, y(deg)); brush.lineTo(width - right, y(deg)); brush.stroke();
  }
  brush.textAlign = 'center'; brush.textBaseline = 'alphabetic';
  const step = end - start > 5 ? 2 : 1;
  for (let t = Math.ceil(start); t <= end; t += step) brush.fillText(`${t} s`, x(t), height - 4);
  brush.strokeStyle = PEOPLE[(Number(person) || 0) % 8];
  brush.lineWidth = 1.5;
  brush.beginPath();
  let pen = false;
  for (let n = store.at(start); n < store.frames.length && store.frames[n].time_s <= end; n++) {
    const one = store.frames[n].people.find((p) => p.id === person);
    const value = one ? angleDeg(one.joints_mm, store.header?.joints, angle) : null;
    if (value === null) { pen = false; continue; }
    if (pen) brush.lineTo(x(store.frames[n].time_s), y(value)); else brush.moveTo(x(store.frames[n].time_s), y(value));
    pen = true;
  }
  brush.stroke();
  brush.strokeStyle = '#e8ebef'; brush.lineWidth = 1;
  brush.beginPath(); brush.moveTo(x(now), top); brush.lineTo(x(now), height - bottom); brush.stroke();
}
