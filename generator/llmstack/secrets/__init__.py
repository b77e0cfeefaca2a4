"""Secrets encrypted for Git: `secret set`, by SOPS or for Sealed Secrets."""
