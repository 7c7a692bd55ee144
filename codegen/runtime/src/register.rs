//! Registers: state that packets read and write.

use crate::{Entity, Invalid, Operation, Query, WriteError, error::check_cell, layout::ones};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// An array of cells of up to 64 bits, or up to 128 in two halves. Each half is read and written whole; a packet's read and its later
/// write of a cell are two steps, as in v1model without `@atomic`.
#[derive(Debug)]
pub struct Registers {
    bits: u32,
    size: u64,
    words: Box<[AtomicU64]>,
}

impl Registers {
    /// With so many cells of so many bits, at most 128.
    pub fn new(size: u64, bits: u32) -> Self {
        let words = size * if bits > 64 { 2 } else { 1 };
        Registers {
            bits,
            size,
            words: (0..words).map(|_| AtomicU64::new(0)).collect(),
        }
    }

    /// A cell of up to 64 bits; 0 beyond the end.
    #[inline]
    pub fn read(&self, index: u64) -> u64 {
        self.words
            .get(index as usize)
            .map_or(0, |word| word.load(Relaxed))
    }

    /// Sets a cell of up to 64 bits. The value must fit; beyond the end nothing happens.
    #[inline]
    pub fn write(&self, index: u64, value: u64) {
        if let Some(word) = self.words.get(index as usize) {
            word.store(value, Relaxed);
        }
    }

    /// A cell of any width; 0 beyond the end.
    pub fn read_wide(&self, index: u64) -> u128 {
        if self.bits <= 64 {
            return u128::from(self.read(index));
        }
        match index.checked_mul(2) {
            Some(word) => u128::from(self.read(word)) | u128::from(self.read(word + 1)) << 64,
            None => 0,
        }
    }

    /// Sets a cell of any width. The value must fit; beyond the end nothing happens.
    pub fn write_wide(&self, index: u64, value: u128) {
        if self.bits <= 64 {
            return self.write(index, value as u64);
        }
        if let Some(word) = index.checked_mul(2) {
            self.write(word, value as u64);
            self.write(word + 1, (value >> 64) as u64);
        }
    }

    /// Width of a cell.
    pub fn bits(&self) -> u32 {
        self.bits
    }

    /// Number of cells.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// What the control plane does to a cell.
    pub fn modify(&self, operation: Operation, index: u64, value: u128) -> Result<(), WriteError> {
        check_cell("a register", operation, index, self.size)?;
        if value > ones(self.bits) {
            return Err(Invalid::TooWide {
                name: "a register's cell".into(),
                bits: self.bits,
            }
            .into());
        }
        self.write_wide(index, value);
        Ok(())
    }

    /// Shows this register's part of a query; `id` is its P4Info id.
    pub fn answer(&self, id: u32, query: &Query, visit: &mut dyn FnMut(Entity)) {
        if let Query::Registers { register, index } = query
            && register.is_none_or(|register| register == id)
        {
            let cells = index.map_or(0..self.size, |index| {
                index..index.saturating_add(1).min(self.size)
            });
            for index in cells {
                visit(Entity::Register {
                    register: id,
                    index,
                    value: self.read_wide(index),
                });
            }
        }
    }

    /// Sets all cells to 0.
    pub fn clear(&self) {
        self.words.iter().for_each(|word| word.store(0, Relaxed));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_of_every_width_hold_their_values() {
        for bits in [1, 64, 65, 128] {
            let registers = Registers::new(3, bits);
            let value = u128::MAX >> (128 - bits);
            registers.write_wide(1, value);
            registers.write_wide(3, value);
            registers.write_wide(u64::MAX, value);
            assert_eq!(
                [0, 1, 2, 3, u64::MAX].map(|index| registers.read_wide(index)),
                [0, value, 0, 0, 0],
                "{bits} bits"
            );
            registers.clear();
            assert_eq!(registers.read_wide(1), 0);
        }
    }
}
