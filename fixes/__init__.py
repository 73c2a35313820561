"""The fixes, one module each; found through the entry-point group nimdoctor.fixes."""
