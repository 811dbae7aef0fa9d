"""Cargo over the quay: from the ship's manifest to the invoice."""
