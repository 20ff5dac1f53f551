// The picture, and the joints of everybody over it.
import { parentsOf } from './bones.js';

export const PEOPLE = ['#5fd35f', '#b08cff', '#ffd23f', '#ff5fb0', '#3fe0d0', '#c0c8d0', '#ff5f5f', '#8fb4ff'];
const RIGHT = '#ff7e2b', LEFT = '#34abeb', MIDDLE = '#ebebeb', SHOWN_FROM = 0.15;

export const sideColour = (joint) => joint.startsWith('right') ? RIGHT : joint.startsWith('left') ? LEFT : MIDDLE;

export function drawPicture(canvas, picture, frame, header) {
  const image = picture?.image ?? picture;
  const camera = frame.camera ?? header?.camera;
  const imageWidth = image?.videoWidth || image?.width || 0, imageHeight = image?.videoHeight || image?.height || 0;
  let [width, height] = camera?.size ?? [imageWidth || 1280, imageHeight || 720];
  // a picture of another shape, such as what run --save wrote, has its joints in it already
  const other = imageWidth && Math.abs(imageWidth / imageHeight / (width / height) - 1) > 0.02;
  if (other) [width, height] = [imageWidth, imageHeight];
  const scale = Math.min(1, 1280 / Math.max(width, height));
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  const brush = canvas.getContext('2d');
  if (imageWidth) brush.drawImage(image, 0, 0, canvas.width, canvas.height);
  else { brush.fillStyle = '#14171c'; brush.fillRect(0, 0, canvas.width, canvas.height); }
  const names = header?.joints;
  if (!names || other) return;
  const parents = parentsOf(names);
  for (const one of frame.people) {
    const spread = one.box ? Math.hypot(one.box[2] - one.box[0], one.box[3] - one.box[1]) * scale : 200;
    const thick = Math.max(1.5, spread / 130);
    const at = one.pixels.map(([x, y]) => [x * scale, y * scale]);
    const there = (j) => one.score[j] >= SHOWN_FROM && !(one.outside && one.outside[j]);
    for (const [edge, extra] of [[true, 2], [false, 0]]) {
      parents.forEach((parent, j) => {
        if (parent < 0 || !there(j) || !there(parent)) return;
        const outer = sideColour(names[j]) === MIDDLE ? names[parent] : names[j];
        brush.strokeStyle = edge ? '#1c2026' : sideColour(outer);
        brush.lineWidth = thick + extra;
        brush.lineCap = 'round';
        brush.beginPath(); brush.moveTo(...at[parent]); brush.lineTo(...at[j]); brush.stroke();
      });
    }
    at.forEach(([x, y], j) => {
      if (!there(j)) return;
      brush.fillStyle = sideColour(names[j]);
      brush.beginPath(); brush.arc(x, y, thick * 1.3, 0, 7); brush.fill();
    });
    if (one.id !== null) {
      const [x, y] = at[names.indexOf('head_top')] ?? at[0];
      brush.font = `600 ${Math.max(13, 16 * Math.min(1.5, spread / 250))}px system-ui, sans-serif`;
      brush.textAlign = 'center';
      brush.lineWidth = 4; brush.strokeStyle = '#14171c';
      brush.strokeText(`${one.id}`, x, y - 12);
      brush.fillStyle = PEOPLE[(Number(one.id) || 0) % 8];
      brush.fillText(`${one.id}`, x, y - 12);
    }
  }
}
