"""latent_trainer of latentvr."""
