//! rarefy-kernels
