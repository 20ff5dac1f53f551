"""What a spec file says of a bottom-up network's maps, checked against its input and joints."""

from __future__ import annotations

from edge3dpose.engine_types import MapsRule
from edge3dpose.errors import BadInput
from edge3dpose.models._decodes import Decode, Paf, Tags
from edge3dpose.skeletons import Skeleton


def rule_of(
    input_px: tuple[int, int], decode: Decode, skeleton: Skeleton, where: str
) -> MapsRule | None:
    """The rule of a bottom-up decode, None for any other; BadInput for what cannot be."""
    if not isinstance(decode, Paf | Tags):
        return None
    if any(length % decode.stride for length in input_px):
        raise BadInput(f"{where}: output.stride {decode.stride} does not divide input.size")
    width, height = (length // decode.stride for length in input_px)
    about = (input_px, (width, height), decode.cells)
    if isinstance(decode, Tags):
        facts = (decode.least_peak, decode.least_joints, decode.tag_distance)
        return MapsRule("tags", *about, (), *facts)
    limbs = []
    for pair in decode.limbs:
        if unknown := next((one for one in pair if one not in skeleton.joints), None):
            raise BadInput(f"{where}: output.limbs names {unknown[:40]!r}, which is no joint")
        limbs.append((skeleton.joints.index(pair[0]), skeleton.joints.index(pair[1])))
    if not 0 < len(limbs) <= 256 or any(a == b for a, b in limbs):
        raise BadInput(f"{where}: output.limbs wants pairs of two joints, 256 at most")
    return MapsRule("paf", *about, tuple(limbs), decode.least_peak, decode.least_joints)
