//! Alters bundles and hash tiles.

use crate::hostile::rule::Tamper;
use testlog::{LeafMaker, TreeLog};

/// Entries in a full bundle.
const WIDTH: u64 = 256;

/// The altered bundle, if it is the one that holds the entry.
pub(crate) fn bundle(
    tree: &TreeLog,
    others: &LeafMaker,
    (bundle, width): (u64, u16),
    (how, index): (Tamper, u64),
) -> Option<Vec<u8>> {
    let from = bundle.checked_mul(WIDTH)?;
    let to = from.checked_add(u64::from(width))?;
    let at = usize::try_from(index.checked_sub(from)?).ok().filter(|_| index < to)?;
    let mut leaves: Vec<Vec<u8>> = Vec::new();
    for leaf in from..to {
        leaves.push(tree.leaf(leaf)?.to_vec());
    }
    let neighbour = if at + 1 < leaves.len() {
        at + 1
    } else {
        at.saturating_sub(1)
    };
    match how {
        Tamper::Flip => flip_middle(leaves.get_mut(at)?),
        Tamper::Substitute => *leaves.get_mut(at)? = others(index),
        Tamper::Drop => drop(leaves.remove(at)),
        Tamper::Shift => {
            leaves.remove(at);
            leaves.extend(tree.leaf(to).map(|next| next.to_vec()));
        }
        Tamper::Double => leaves.insert(at, leaves.get(at)?.clone()),
        Tamper::Repeat => *leaves.get_mut(neighbour)? = leaves.get(at)?.clone(),
        Tamper::Swap => leaves.swap(at, neighbour),
        Tamper::Append => leaves.push(others(to)),
        Tamper::Cut => return Some(cut(&leaves, at)),
    }
    Some(framed(&leaves))
}

/// One bit of a hash of the tile, if the tile is of this level and holds it.
pub(crate) fn flip_hash(
    mut tile: Vec<u8>,
    (tile_level, tile_index): (u8, u64),
    (level, index): (u8, u64),
) -> Option<Vec<u8>> {
    let at = index
        .checked_sub(tile_index.checked_mul(WIDTH)?)
        .filter(|_| level == tile_level)?;
    let byte = tile.get_mut(usize::try_from(at).ok()?.checked_mul(32)?)?;
    *byte ^= 1;
    Some(tile)
}

fn flip_middle(leaf: &mut [u8]) {
    let middle = leaf.len() / 2;
    if let Some(byte) = leaf.get_mut(middle) {
        *byte ^= 1;
    }
}

fn framed(leaves: &[Vec<u8>]) -> Vec<u8> {
    let frame = |leaf: &Vec<u8>| {
        let length = u16::try_from(leaf.len()).unwrap_or(u16::MAX);
        [&length.to_be_bytes(), leaf.as_slice()].concat()
    };
    leaves.iter().flat_map(frame).collect()
}

fn cut(leaves: &[Vec<u8>], at: usize) -> Vec<u8> {
    let before = leaves.get(..at).map(framed).unwrap_or_default();
    let mut through = leaves.get(..=at).map(framed).unwrap_or_default();
    through.truncate(usize::midpoint(before.len(), through.len()));
    through
}
