"""Trains the eye of Fovea: a small U-Net that finds a tumour on skull-stripped FLAIR so that its region can be sent first."""
