"""Inputs from somebody who means harm: what reads them, how they are made, and the bounded run that tests make."""
