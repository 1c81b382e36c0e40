//! Tiles: one spelling for each path, the right width for each tree, the right bytes for each leaf.

use sentinel_tlog::{EntryBundle, Frontier, Hash, HashTile, Node, TileError, TileHashes, split_bundle};

fn tile(level: u8, index: u64, width: u16) -> HashTile {
    HashTile { level, index, width }
}

#[test]
fn tile_paths_have_one_spelling() {
    fn check(path: &str, expect: Result<HashTile, TileError>) {
        assert_eq!(path.parse(), expect, "{path}");
        if let Ok(tile) = expect {
            assert_eq!(tile.path(), path);
        }
    }
    check("tile/0/000", Ok(tile(0, 0, 256)));
    check("tile/0/x001/x234/067", Ok(tile(0, 1_234_067, 256)));
    check("tile/63/x001/000.p/255", Ok(tile(63, 1000, 255)));
    check("tile/7/x018/x446/x744/x073/x709/x551/615", Ok(tile(7, u64::MAX, 256)));
    for near_miss in [
        "",
        "tile",
        "tile/",
        "tile/0",
        "tile/0/",
        "tile/0/0",
        "tile/0/00",
        "tile/0/0000",
        "tile/0/x000/000",
        "tile/00/000",
        "tile/01/000",
        "tile/64/000",
        "tile/256/000",
        "tile/-1/000",
        "tile/+1/000",
        "tile/0/+00",
        "tile/0/1234",
        "tile/0/001/234",
        "tile/0/x001/x234",
        "tile/0/xx001/234",
        "tile/0/X001/234",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/0/000.p/+1",
        "tile/0/000.p/",
        "tile/0/000.p",
        "tile/0/000.p/1.p/1",
        "tile/0/000.p/65536",
        "tile/0/000/",
        "/tile/0/000",
        "tile/0/000\n",
        "tile/entries/000",
        "tile/0/x018/x446/x744/x073/x709/x551/616",
        "tile/0/x001//067",
        "tile/0/ 00",
    ] {
        check(near_miss, Err(TileError::Path));
    }
}

#[test]
fn bundle_paths_have_one_spelling() {
    fn check(path: &str, expect: Result<EntryBundle, TileError>) {
        assert_eq!(path.parse(), expect, "{path}");
    }
    check(
        "tile/entries/x001/x234/067.p/7",
        Ok(EntryBundle {
            index: 1_234_067,
            width: 7,
        }),
    );
    check("tile/entries/999", Ok(EntryBundle { index: 999, width: 256 }));
    check("tile/entries/99", Err(TileError::Path));
    check("tile/0/000", Err(TileError::Path));
    check("tile/entries/000.p/256", Err(TileError::Path));
    assert_eq!(
        EntryBundle {
            index: 1_234_067,
            width: 7
        }
        .path(),
        "tile/entries/x001/x234/067.p/7"
    );
}

#[test]
fn widths_follow_the_tree() {
    assert_eq!(EntryBundle::of_leaf(0, 0), None);
    assert_eq!(EntryBundle::of_leaf(256, 256), None);
    assert_eq!(
        EntryBundle::of_leaf(255, 256),
        Some(EntryBundle { index: 0, width: 256 })
    );
    assert_eq!(
        EntryBundle::of_leaf(256, 300),
        Some(EntryBundle { index: 1, width: 44 })
    );
    assert_eq!(EntryBundle { index: 1, width: 44 }.full().first_leaf(), 256);
    assert_eq!(tile(1, 0, 1).width_in(255), 0);
    assert_eq!(tile(1, 0, 1).width_in(70_000), 256);
    assert_eq!(tile(1, 1, 1).width_in(70_000), 17);
    assert_eq!(tile(8, 0, 1).width_in(u64::MAX), 0);
    assert_eq!(tile(0, u64::MAX, 1).width_in(u64::MAX), 0);
}

#[test]
fn nodes_are_found_in_tiles() {
    fn check(node: (u8, u64), size: u64, expect: Result<(HashTile, u8, u16), TileError>) {
        let (level, index) = node;
        assert_eq!(
            HashTile::of_node(Node { level, index }, size),
            expect,
            "{node:?} of {size}"
        );
    }
    check((0, 0), 1, Ok((tile(0, 0, 1), 0, 0)));
    check((0, 300), 400, Ok((tile(0, 1, 144), 0, 44)));
    check((3, 32), 400, Ok((tile(0, 1, 144), 3, 0)));
    check((7, 1), 256, Ok((tile(0, 0, 256), 7, 1)));
    check((8, 0), 256, Ok((tile(1, 0, 1), 0, 0)));
    check((17, 3), 1 << 30, Ok((tile(2, 0, 256), 1, 3)));
    check((0, 1), 1, Err(TileError::NoNode { level: 0, index: 1 }));
    check((8, 0), 255, Err(TileError::NoNode { level: 8, index: 0 }));
    check((64, 0), u64::MAX, Err(TileError::NoNode { level: 64, index: 0 }));
    check(
        (255, u64::MAX),
        u64::MAX,
        Err(TileError::NoNode {
            level: 255,
            index: u64::MAX,
        }),
    );
}

#[test]
fn tiles_fold_their_nodes() {
    let leaves: Vec<Hash> = (0..=255_u8).map(|leaf| Hash::leaf(&[leaf])).collect();
    let bytes: Vec<u8> = leaves.iter().flat_map(|hash| *hash.as_bytes()).collect();
    let full = TileHashes::parse(&bytes, 256).unwrap();
    assert_eq!(full.hashes(), leaves);
    let mut frontier = Frontier::empty();
    leaves.iter().for_each(|leaf| frontier.push(*leaf));
    assert_eq!(full.node(8, 0), Ok(frontier.root()));
    assert_eq!(full.node(1, 127), Ok(Hash::node(&leaves[254], &leaves[255])));
    assert_eq!(full.node(0, 256), Err(TileError::NoNode { level: 0, index: 256 }));
    assert_eq!(full.node(9, 0), Err(TileError::NoNode { level: 9, index: 0 }));
    assert_eq!(
        full.node(255, 65_535),
        Err(TileError::NoNode {
            level: 255,
            index: 65_535
        })
    );
    let five = TileHashes::parse(&bytes[..160], 5).unwrap();
    assert_eq!(five.node(2, 0), full.node(2, 0));
    assert_eq!(five.node(1, 2), Err(TileError::NoNode { level: 1, index: 2 }));
    let wrong = |width, expected, found| Err(TileError::Length { width, expected, found });
    assert_eq!(TileHashes::parse(&bytes[..159], 5), wrong(5, 160, 159));
    assert_eq!(TileHashes::parse(&bytes, 255), wrong(255, 8160, 8192));
    assert_eq!(TileHashes::parse(&[], 0), Err(TileError::Width { width: 0 }));
    assert_eq!(TileHashes::parse(&[], 257), Err(TileError::Width { width: 257 }));
}

#[test]
fn bundles_split_exactly() {
    let bundle = [0, 2, b'a', b'b', 0, 0, 0, 1, b'c'];
    assert_eq!(split_bundle(&bundle, 3), Ok(vec![2..4, 6..6, 8..9]));
    assert_eq!(
        split_bundle(&bundle, 2),
        Err(TileError::Trailing { width: 2, extra: 3 })
    );
    assert_eq!(
        split_bundle(&bundle, 4),
        Err(TileError::Truncated { width: 4, entry: 3 })
    );
    assert_eq!(
        split_bundle(&bundle[..8], 3),
        Err(TileError::Truncated { width: 3, entry: 2 })
    );
    assert_eq!(
        split_bundle(&bundle[..1], 3),
        Err(TileError::Truncated { width: 3, entry: 0 })
    );
    assert_eq!(split_bundle(&[], 0), Err(TileError::Width { width: 0 }));
    assert_eq!(split_bundle(&[], 257), Err(TileError::Width { width: 257 }));
}
