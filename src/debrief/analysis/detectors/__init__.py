"""The detectors, a file for each family; `catalogue.DETECTORS` names them all."""
