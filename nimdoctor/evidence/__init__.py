"""Evidence of a host: where its raw text comes from."""
