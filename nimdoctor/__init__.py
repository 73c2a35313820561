"""nimdoctor: a doctor for NIMSH over SSL on IBM AIX."""

__version__ = "0.1.0"
