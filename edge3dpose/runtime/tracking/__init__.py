"""Who is who from frame to frame: similarity of poses, pose NMS, identities, the search beside."""
