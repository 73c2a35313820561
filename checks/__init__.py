"""The checks that come with nimdoctor, one module each; found through the entry-point group."""
