"""Archives: many video files -> the poses of each, by several processes or machines.

``run_archive.run_archive`` is the whole job. A clip is one row: its path. One process opens a
PoseEstimator once and reads, follows and lifts one clip after another, so that nothing but paths
and results goes between processes. A clip gives one part, written whole or not at all, and then
one record; a run that was killed begins again with the clips that have no record.

    clips      which videos there are, and what each is called
    job        the pipeline: what has to be the same for a clip to count as done
    record     what is known of one clip that was done or that failed
    folder     the folder of the archive: parts, records, the lock
    task       what a worker is given, and what it gives back
    worker     one task -> its files
    reading    a source -> its poses as JSON lines, counted
    long_clips plan, sections and joint of long clips; sections: where they are; join: as if it had
               been read in one go; same_people: who is who in two sections; splits: which are left
    table      poses -> Parquet
    crew       who does the work; local_crew: processes here; ray_crew: actors of Ray
    schedule   which worker gets which clip; deaths and second tries
    progress   how far it is, and the time left
    summary    what the records come to
"""
