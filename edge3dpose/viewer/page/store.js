// Poses and pictures that have come, the newest of them.
const MOST_FRAMES = 20000, MOST_PICTURES = 1500, LEAST_FRAMES_SEEN = 1;

export class Store {
  constructor() { this.clear(); }

  clear() {
    this.header = null;
    this.frames = [];
    this.pictures = new Map();     // index of a frame -> {frame, image}
    this.seen = new Map();         // track id -> frames
    this.over = false;
    this.newest = null;
  }

  line(text) { this.add(text); }

  add(content) {
    if (content.schema) { this.header = content; return; }
    if (content.event === 'end') this.over = true;
    if (!content.people) return;
    this.frames.push(content);
    for (const { id } of content.people) this.seen.set(id, (this.seen.get(id) || 0) + 1);
    if (this.frames.length > MOST_FRAMES) this.frames.splice(0, MOST_FRAMES / 10);
  }

  // 4 bytes: the frame's index (little-endian), then a JPEG
  picture(data) {
    const frame = new DataView(data).getUint32(0, true);
    createImageBitmap(new Blob([data.slice(4)], { type: 'image/jpeg' })).then((image) => {
      const entry = { frame, image };
      this.pictures.set(frame, entry);
      if (!this.newest || frame >= this.newest.frame) this.newest = entry;
      if (this.pictures.size > MOST_PICTURES) {
        const oldest = this.pictures.keys().next().value;
        this.pictures.get(oldest).image.close();
        this.pictures.delete(oldest);
      }
    }, () => {});
  }

  // the picture of a frame, or the last before it
  pictureFor(index) {
    for (let n = index; n > index - 15 && n >= 0; n--) if (this.pictures.has(n)) return this.pictures.get(n);
    return index >= (this.newest?.frame ?? Infinity) ? this.newest : null;
  }

  byIndex(index) {
    let low = 0, high = this.frames.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1, found = this.frames[middle].frame;
      if (found === index) return this.frames[middle];
      if (found < index) low = middle + 1; else high = middle - 1;
    }
    return null;
  }

  // number of the last frame that is no later
  at(time_s) {
    let low = 0, high = this.frames.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.frames[middle].time_s <= time_s + 1e-3) low = middle; else high = middle - 1;
    }
    return low;
  }

  // identities, as they came; null stands for a person without one
  ids() { return [...this.seen].filter(([, count]) => count >= LEAST_FRAMES_SEEN).slice(-20).map(([id]) => id); }

  colourOf(id) { return (Number(id) || 0) % 8; }
}
