// The tree that joins the joints of a header: each joint's parent by its name.
const PARENTS = {
  right_hip: 'pelvis', right_knee: 'right_hip', right_ankle: 'right_knee',
  left_hip: 'pelvis', left_knee: 'left_hip', left_ankle: 'left_knee',
  spine: 'pelvis', thorax: 'spine', neck: 'thorax', head_top: 'neck',
  left_shoulder: 'thorax', left_elbow: 'left_shoulder', left_wrist: 'left_elbow',
  right_shoulder: 'thorax', right_elbow: 'right_shoulder', right_wrist: 'right_elbow',
};

export const parentsOf = (names) => names.map((name) => names.indexOf(PARENTS[name]));
