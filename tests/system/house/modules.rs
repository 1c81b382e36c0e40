//! The modules of a crate in the order of their `mod` lines, and what each imports.

use super::files::shown;
use super::lexer;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// A module: `[]` is the crate's root.
pub(crate) type ModulePath = Vec<String>;

/// One module's file.
pub(crate) struct Module {
    pub(crate) file: PathBuf,
    pub(crate) code: String,
    /// Its modules, in the order of their `mod` lines.
    pub(crate) children: Vec<String>,
    /// Names that it imports or exports again: where each comes from.
    pub(crate) names: BTreeMap<String, ModulePath>,
}

/// A crate from its root file.
pub(crate) struct Crate {
    pub(crate) modules: BTreeMap<ModulePath, Module>,
}

/// An import that goes down or to a sibling below.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Backward {
    pub(crate) from: String,
    pub(crate) path: String,
}

impl Crate {
    pub(crate) fn read(root: &Path) -> Crate {
        let mut modules = BTreeMap::new();
        let mut open = vec![(Vec::new(), root.to_path_buf())];
        while let Some((path, file)) = open.pop() {
            let source = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
            let module = Module::parse(&path, &file, &source);
            for child in &module.children {
                open.push((
                    [path.as_slice(), std::slice::from_ref(child)].concat(),
                    find(&file, path.is_empty(), child),
                ));
            }
            modules.insert(path, module);
        }
        Crate { modules }
    }

    /// Every import of a module that stands below in the `mod` order where the two part.
    pub(crate) fn backward(&self) -> Vec<Backward> {
        let mut found = Vec::new();
        for (path, module) in &self.modules {
            for import in imports(path, &module.code) {
                let Some(target) = self.resolve(&import, 0) else {
                    continue;
                };
                if self.is_backward(path, &target) {
                    let (from, path) = (shown(&module.file), import.join("::"));
                    found.push(Backward { from, path });
                }
            }
        }
        found
    }

    /// The module that a path of the crate leads to: as far as modules go, through names that are exported again.
    fn resolve(&self, path: &[String], depth: usize) -> Option<ModulePath> {
        assert!(depth < 16, "names go round in a circle: {path:?}");
        let known = (0..=path.len())
            .rev()
            .find(|len| self.modules.contains_key(&path[..*len]))?;
        let module = self.modules.get(&path[..known])?;
        let next = path.get(known).and_then(|name| module.names.get(name));
        match next {
            Some(origin) if origin.as_slice() != path => self.resolve(origin, depth + 1),
            _ => Some(path[..known].to_vec()),
        }
    }

    fn is_backward(&self, from: &[String], target: &[String]) -> bool {
        let shared = from.iter().zip(target).take_while(|(a, b)| a == b).count();
        let (Some(ours), Some(theirs)) = (from.get(shared), target.get(shared)) else {
            return false;
        };
        let children = &self.modules[&from[..shared]].children;
        let place = |name: &String| children.iter().position(|child| child == name);
        place(theirs) >= place(ours)
    }
}

impl Module {
    pub(crate) fn parse(path: &[String], file: &Path, source: &str) -> Module {
        let code = lexer::code(source);
        let children = children(&code);
        let mut names = BTreeMap::new();
        for import in use_trees(path, &children, &code) {
            if let Some(name) = import.last().filter(|name| *name != "*") {
                names.insert(name.clone(), import.clone());
            }
        }
        Module {
            file: file.to_path_buf(),
            code,
            children,
            names,
        }
    }
}

/// `mod name;` lines, in order.
fn children(code: &str) -> Vec<String> {
    let declared = |line: &str| {
        let line = line.trim();
        let rest = line.strip_suffix(';')?;
        let (before, name) = rest.rsplit_once("mod ")?;
        let visible = before.is_empty() || before.starts_with("pub");
        (visible && name.chars().all(lexer::is_word)).then(|| name.to_owned())
    };
    code.lines().filter_map(declared).collect()
}

fn find(parent: &Path, is_root: bool, child: &str) -> PathBuf {
    let folder = parent.parent().unwrap();
    let stem = parent.file_stem().unwrap();
    let folder = if is_root || stem == "mod" {
        folder.to_path_buf()
    } else {
        folder.join(stem)
    };
    let file = folder.join(format!("{child}.rs"));
    if file.exists() {
        file
    } else {
        folder.join(child).join("mod.rs")
    }
}

/// All paths from `crate`, `super` and `self`, from the root of the crate.
fn imports(module: &[String], code: &str) -> Vec<ModulePath> {
    ["crate", "super", "self"]
        .iter()
        .flat_map(|first| lexer::paths(code, first))
        .filter_map(|path| absolute(module, &path))
        .collect()
}

fn absolute(module: &[String], path: &[String]) -> Option<ModulePath> {
    let mut base = module.to_vec();
    let mut rest = path;
    while let Some((first, after)) = rest.split_first() {
        match first.as_str() {
            "crate" => base.clear(),
            "super" => drop(base.pop()?),
            "self" => {}
            _ => break,
        }
        rest = after;
    }
    base.extend(rest.iter().filter(|part| *part != "self").cloned());
    Some(base)
}

/// What `use` lines name: paths of this crate, and those that begin with a child of the module.
fn use_trees(module: &[String], children: &[String], code: &str) -> Vec<ModulePath> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("use ") {
        let before = code[..at].chars().next_back().unwrap_or(' ');
        let Some(text) = code[at + 4..].split(';').next().filter(|_| !lexer::is_word(before)) else {
            continue;
        };
        let first: String = text
            .trim_start()
            .chars()
            .take_while(|letter| lexer::is_word(*letter))
            .collect();
        let trees = lexer::paths(text, &first);
        if children.contains(&first) {
            found.extend(trees.into_iter().map(|path| [module, &path].concat()));
        } else if matches!(first.as_str(), "crate" | "super" | "self") {
            found.extend(trees.iter().filter_map(|path| absolute(module, path)));
        }
    }
    found
}
