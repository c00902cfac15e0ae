"""Sentences to vectors: the embedded static encoder and the door to every other one."""

from __future__ import annotations
