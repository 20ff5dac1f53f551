"""A camera measured from pictures of a chessboard: find its corners, fit the lens, say how well."""
