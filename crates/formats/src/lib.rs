//! rarefy-formats
