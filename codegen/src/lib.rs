//! Part of dpr.
