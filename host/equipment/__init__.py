"""Instruments and their calibration certificates: read, judged, applied."""
