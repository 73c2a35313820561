"""Killing a run of nimdoctor at every point where that can be told from outside, and judging what is left.

A run is carried out once. At each point the process that carries it out makes a clone of itself by
fork and is ended by SIGKILL; an image of the trees is taken; then the clone goes on as if nothing
had been. So every image is what a SIGKILL at that point left, and one run gives all of them. Points
are: before and after each record of the journals; each rename, link and removal of a file; each
command; each file that is put into the run's directory; the taking and giving back of the reserve.

From each image the run is resumed and, on the same image again, rolled back, killed at every point
once more where asked for. Images that differ in times and process numbers only are looked at once.

A tree that is put back has other inode numbers, so what nimdoctor reads of them is made 0.
"""
