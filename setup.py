"""The packages by a rule: all below nimdoctor/, and checks/ and fixes/ under the names they are installed by.

pyproject.toml has room for a list or for a rule that knows packages by their own place alone.
"""

from setuptools import find_packages, setup

ELSEWHERE = {"nimdoctor.checks": "checks", "nimdoctor.fixes": "fixes"}

setup(
    package_dir=ELSEWHERE,
    packages=[
        *find_packages(include=["nimdoctor", "nimdoctor.*"]),
        *(f"{name}.{below}".rstrip(".") for name, place in ELSEWHERE.items() for below in ["", *find_packages(place)]),
    ],
)
