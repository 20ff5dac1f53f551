// The 3D view. Camera axes (x right, y down, z away, mm) are shown as x right, y up, z towards, m.
import * as THREE from './three.module.min.js';
import { OrbitControls } from './OrbitControls.js';
import { parentsOf } from './bones.js';
import { PEOPLE, sideColour } from './picture.js';

const MOST_PEOPLE = 12;

export class Space {
  constructor(canvas) {
    this.canvas = canvas;
    this.scene = new THREE.Scene();
    this.scene.background = new THREE.Color('#1d2229');
    this.camera = new THREE.PerspectiveCamera(45, 1, 0.05, 200);
    try {
      this.renderer = new THREE.WebGLRenderer({ canvas, antialias: true });
    } catch {
      this.renderer = null;   // a browser without WebGL: the rest of the page works
      canvas.replaceWith(Object.assign(document.createElement('p'), { textContent: 'No 3D view: this browser has no WebGL.' }));
      return;
    }
    this.controls = new OrbitControls(this.camera, canvas);
    this.controls.enableDamping = true;
    this.scene.add(new THREE.HemisphereLight('#ffffff', '#445566', 2.6));
    this.grid = new THREE.GridHelper(8, 16, '#566070', '#343b45');
    this.scene.add(this.grid);
    this.eye = new THREE.AxesHelper(0.3);   // at the camera: x red, y green, z blue
    this.scene.add(this.eye);
    this.people = [];
    this.floor = null;
    this.middle = new THREE.Vector3(0, 0, -3);
    this.view = 'camera';
    this.settled = false;
  }

  show(frame, store) {
    if (!this.renderer) return;
    const names = store.header?.joints;
    if (!names) return;
    const placed = frame.people.slice(0, MOST_PEOPLE).map((one) => one.joints_mm.map((joint) => {
      const root = one.root_mm ?? [0, 0, 3000];
      return new THREE.Vector3((joint[0] + root[0]) / 1000, -(joint[1] + root[1]) / 1000, -(joint[2] + root[2]) / 1000);
    }));
    while (this.people.length < placed.length) this.people.push(new Figure(this.scene, names));
    this.people.forEach((figure, n) => figure.show(placed[n], PEOPLE[store.colourOf(frame.people[n]?.id)]));
    if (!placed.length) return;
    const feet = Math.min(...placed.flat().map((point) => point.y));
    this.floor = this.floor === null ? feet : Math.abs(feet - this.floor) > 0.5 ? feet : this.floor + 0.05 * (feet - this.floor);
    this.grid.position.y = this.floor;
    const middle = placed.reduce((sum, points) => sum.add(points[0]), new THREE.Vector3()).divideScalar(placed.length);
    this.grid.position.x = Math.round(middle.x * 2) / 2;
    this.grid.position.z = Math.round(middle.z * 2) / 2;
    this.points = placed.flat();
    if (this.settled) return;
    this.settled = true;
    this.look(this.view);
  }

  look(view) {
    if (!this.renderer) return;
    this.view = view;
    const around = new THREE.Box3().setFromPoints(this.points ?? [new THREE.Vector3(0, 0, -3)]);
    around.getCenter(this.middle);
    const across = around.getSize(new THREE.Vector3()).length() / Math.min(1, this.camera.aspect);
    const away = Math.max(3.6, 1.4 * across);
    const from = { camera: [0.15 * away, 0.2 * away, away], side: [away, 0.25 * away, 0.05], top: [0, away, 0.02] }[view];
    this.controls.target.copy(this.middle);
    this.camera.position.copy(this.middle).add(new THREE.Vector3(...from));
    this.controls.update();
  }

  key(key) {
    if (!this.renderer) return false;
    const turn = { ArrowLeft: [-0.12, 0], ArrowRight: [0.12, 0], ArrowUp: [0, -0.08], ArrowDown: [0, 0.08] }[key];
    const zoom = { '+': 0.88, '=': 0.88, '-': 1.14 }[key];
    if (!turn && !zoom) return false;
    const arm = new THREE.Spherical().setFromVector3(this.camera.position.clone().sub(this.controls.target));
    if (turn) { arm.theta += turn[0]; arm.phi = Math.min(3.1, Math.max(0.05, arm.phi + turn[1])); }
    if (zoom) arm.radius *= zoom;
    this.camera.position.setFromSpherical(arm).add(this.controls.target);
    this.controls.update();
    return true;
  }

  render() {
    if (!this.renderer) return;
    const width = this.canvas.clientWidth, height = this.canvas.clientHeight;
    if (!width || !height) return;
    if (width !== this.width || height !== this.height) {
      [this.width, this.height] = [width, height];
      this.renderer.setPixelRatio(Math.min(devicePixelRatio || 1, 2));
      this.renderer.setSize(width, height, false);
      this.camera.aspect = width / height;
      this.camera.updateProjectionMatrix();
    }
    this.controls.update();
    this.renderer.render(this.scene, this.camera);
  }
}

// one person: a ball a joint, coloured by side; a stick a bone, coloured by person
class Figure {
  constructor(scene, names) {
    this.group = new THREE.Group();
    this.parents = parentsOf(names);
    this.skin = new THREE.MeshLambertMaterial({ color: '#ffffff' });
    const ball = new THREE.SphereGeometry(0.028, 14, 10), stick = new THREE.CylinderGeometry(0.017, 0.017, 1, 10);
    this.balls = names.map((name) => new THREE.Mesh(ball, new THREE.MeshLambertMaterial({ color: sideColour(name) })));
    this.sticks = this.parents.map((parent) => parent < 0 ? null : new THREE.Mesh(stick, this.skin));
    this.group.add(...this.balls, ...this.sticks.filter(Boolean));
    scene.add(this.group);
  }

  show(points, colour) {
    this.group.visible = Boolean(points);
    if (!points) return;
    this.skin.color.set(colour);
    points.forEach((point, j) => {
      this.balls[j].position.copy(point);
      const stick = this.sticks[j];
      if (!stick) return;
      const from = points[this.parents[j]], along = point.clone().sub(from);
      stick.position.copy(from).addScaledVector(along, 0.5);
      stick.scale.y = Math.max(along.length(), 1e-6);
      stick.quaternion.setFromUnitVectors(new THREE.Vector3(0, 1, 0), along.normalize());
    });
  }
}
