"""Body shape of a person: bone lengths over time, the body that fits them, its bones in motion."""
