"""What the tests of several commands share."""

import pytest


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Weights that see a standing adult everywhere, and a folder for engines."""
    import standing

    folder = tmp_path_factory.mktemp("standing")
    standing.write_weights(folder, standing.unit_pose(), standing.CUTS)
    return folder
