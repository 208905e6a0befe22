"""Seedance at BytePlus ModelArk for rushes."""
