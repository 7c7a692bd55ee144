//! Registers: state that packets read and write.

use crate::{Entity, Integer, Invalid, Operation, Query, Wide, WriteError, error::check_cell};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// An array of cells, each of as many words as it needs. Each word is read and written whole; a packet's read and its later write of a
/// cell are two steps, as in v1model without `@atomic`.
#[derive(Debug)]
pub struct Registers {
    bits: u32,
    size: u64,
    /// Words of a cell.
    stride: usize,
    words: Box<[AtomicU64]>,
}

impl Registers {
    /// With so many cells of so many bits.
    pub fn new(size: u64, bits: u32) -> Self {
        let stride = bits.div_ceil(64).max(1);
        let words = size * u64::from(stride);
        Registers {
            bits,
            size,
            stride: stride as usize,
            words: (0..words).map(|_| AtomicU64::new(0)).collect(),
        }
    }

    /// The words of a cell, the lowest first; none beyond the end.
    fn cell(&self, index: u64) -> &[AtomicU64] {
        let start = usize::try_from(index).ok();
        let start = start.and_then(|index| index.checked_mul(self.stride));
        start
            .and_then(|start| self.words.get(start..)?.get(..self.stride))
            .unwrap_or_default()
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

    /// A cell of up to 128 bits; 0 beyond the end.
    pub fn read_wide(&self, index: u64) -> u128 {
        let [low, high] = self.read_words(index).0;
        u128::from(low) | u128::from(high) << 64
    }

    /// Sets a cell of up to 128 bits. The value must fit; beyond the end nothing happens.
    pub fn write_wide(&self, index: u64, value: u128) {
        self.write_words(index, Wide::<2>::from(value));
    }

    /// A cell of up to `N` words; 0 beyond the end.
    pub fn read_words<const N: usize>(&self, index: u64) -> Wide<N> {
        let mut value = Wide::ZERO;
        self.copy_to(index, &mut value.0);
        value
    }

    /// Copies a cell into words, the lowest first; as many of either as the other has.
    pub fn copy_to(&self, index: u64, words: &mut [u64]) {
        for (to, from) in words.iter_mut().zip(self.cell(index)) {
            *to = from.load(Relaxed);
        }
    }

    /// Sets a cell of up to `N` words. The value must fit; beyond the end nothing happens.
    pub fn write_words<const N: usize>(&self, index: u64, value: Wide<N>) {
        self.copy_from(index, &value.0);
    }

    /// Copies words, the lowest first, into a cell: as many of either as the other has. The value must fit.
    pub fn copy_from(&self, index: u64, words: &[u64]) {
        for (to, from) in self.cell(index).iter().zip(words) {
            to.store(*from, Relaxed);
        }
    }

    /// Words of a cell.
    pub fn stride(&self) -> usize {
        self.stride
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
    pub fn modify(
        &self,
        operation: Operation,
        index: u64,
        value: &Integer,
    ) -> Result<(), WriteError> {
        check_cell("a register", operation, index, self.size)?;
        if !value.fits(self.bits) {
            return Err(Invalid::TooWide {
                name: "a register's cell".into(),
                bits: self.bits,
            }
            .into());
        }
        for (position, word) in self.cell(index).iter().enumerate() {
            word.store(value.word(position), Relaxed);
        }
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
                let words = self.cell(index).iter().map(|word| word.load(Relaxed));
                visit(Entity::Register {
                    register: id,
                    index,
                    value: Integer::from_words(&words.collect::<Vec<_>>()),
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

    #[test]
    fn the_control_plane_sees_cells_of_any_width() {
        let registers = Registers::new(2, 200);
        let value = Integer::prefix_mask(200, 3);
        let wrote = registers.modify(Operation::Modify, 1, &value);
        assert_eq!(wrote, Ok(()));
        assert_eq!(registers.read_words::<4>(1).0, [0, 0, 0, 0xe0]);
        registers.write_words(0, Wide([1, 2, 3, 4]));
        let mut cells = Vec::new();
        let all = Query::Registers {
            register: None,
            index: None,
        };
        registers.answer(5, &all, &mut |entity| match entity {
            Entity::Register { value, .. } => cells.push(value),
            other => panic!("{other:?} in a register"),
        });
        assert_eq!(cells, [Integer::from_words(&[1, 2, 3, 4]), value]);
        let too_wide = registers.modify(Operation::Modify, 0, &Integer::ones(201));
        assert!(matches!(
            too_wide,
            Err(WriteError::InvalidArgument(Invalid::TooWide {
                bits: 200,
                ..
            }))
        ));
    }
}
