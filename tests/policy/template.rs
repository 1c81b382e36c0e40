//! A template as CloudFormation would see it once its parameters are given: conditions decided, functions worked out.
//!
//! What only a deployed stack knows stands as text that names it: `${Bucket}` for the bucket's name, `${Bucket.Arn}`
//! for its ARN. Pseudo parameters have fixed values (account `123456789012`, region `eu-central-1`).

use super::yaml::{self, YamlError};
use serde_json::{Map, Value};
use std::path::{Path, PathBuf};
use std::{fs, io};

/// How deep functions may stand within functions. The template has about ten.
const MAX_DEPTH: usize = 64;

/// The account in which templates are worked out.
pub const ACCOUNT: &str = "123456789012";
/// The region in which templates are worked out.
pub const REGION: &str = "eu-central-1";

/// Why a template cannot be worked out.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// The file cannot be read.
    #[error("{} cannot be read", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is no template.
    #[error(transparent)]
    Yaml(#[from] YamlError),
    /// A parameter was given that the template does not have.
    #[error("the template has no parameter {0}")]
    NoParameter(String),
    /// A parameter without default was not given.
    #[error("the parameter {0} has no default and was not given")]
    NotGiven(String),
    /// A parameter was given a value that is not among its allowed ones.
    #[error("{value} is no allowed value of the parameter {name}")]
    NotAllowed {
        /// The parameter.
        name: String,
        /// What was given.
        value: String,
    },
    /// A name that nothing in the template bears.
    #[error("{0} names nothing in the template")]
    Dangling(String),
    /// A function in a form that CloudFormation does not know, or that is not read here.
    #[error("{0} is not in a form that is read here")]
    Form(String),
}

/// A template, and the values of its parameters.
#[derive(Debug, Clone)]
pub struct Template {
    raw: Value,
    parameters: Map<String, Value>,
}

impl Template {
    /// The template of this repository, with parameters given as `(name, value)`; the others have their defaults.
    ///
    /// # Errors
    /// See [`TemplateError`].
    pub fn ours(given: &[(&str, &str)]) -> Result<Self, TemplateError> {
        Self::open(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../template.yaml"), given)
    }

    /// The template in a file.
    ///
    /// # Errors
    /// See [`TemplateError`].
    pub fn open(path: &Path, given: &[(&str, &str)]) -> Result<Self, TemplateError> {
        let text = fs::read_to_string(path).map_err(|source| TemplateError::Unreadable {
            path: path.to_owned(),
            source,
        })?;
        Self::parse(&text, given)
    }

    /// The template of a text.
    ///
    /// # Errors
    /// See [`TemplateError`].
    pub fn parse(text: &str, given: &[(&str, &str)]) -> Result<Self, TemplateError> {
        let raw = yaml::parse(text)?;
        let parameters = parameters(&raw, given)?;
        Ok(Self { raw, parameters })
    }

    /// As it is written, functions in their long form.
    #[must_use]
    pub const fn raw(&self) -> &Value {
        &self.raw
    }

    /// The resources that exist with these parameters, worked out, by their logical names.
    ///
    /// # Errors
    /// See [`TemplateError`].
    pub fn resources(&self) -> Result<Map<String, Value>, TemplateError> {
        let mut resources = Map::new();
        for (name, resource) in fields(&self.raw["Resources"]) {
            if self.exists(resource)? {
                resources.insert(name.clone(), self.resolve(resource, 0)?.unwrap_or_default());
            }
        }
        Ok(resources)
    }

    /// The outputs that exist with these parameters, worked out.
    ///
    /// # Errors
    /// See [`TemplateError`].
    pub fn outputs(&self) -> Result<Map<String, Value>, TemplateError> {
        let mut outputs = Map::new();
        for (name, output) in fields(&self.raw["Outputs"]) {
            if self.exists(output)? {
                let value = self.resolve(&output["Value"], 0)?;
                outputs.insert(name.clone(), value.unwrap_or_default());
            }
        }
        Ok(outputs)
    }

    fn exists(&self, thing: &Value) -> Result<bool, TemplateError> {
        thing["Condition"].as_str().map_or(Ok(true), |name| self.holds(name, 0))
    }

    /// Whether a named condition holds.
    fn holds(&self, name: &str, depth: usize) -> Result<bool, TemplateError> {
        let condition = self.raw["Conditions"].get(name);
        self.truth(
            condition.ok_or_else(|| TemplateError::Dangling(name.to_owned()))?,
            depth,
        )
    }

    fn truth(&self, condition: &Value, depth: usize) -> Result<bool, TemplateError> {
        let form = || TemplateError::Form(condition.to_string());
        let depth = deeper(depth, condition)?;
        let (name, argument) = function(condition).ok_or_else(form)?;
        let list = argument.as_array().map_or(&[][..], Vec::as_slice);
        match (name, list) {
            ("Condition", _) => self.holds(argument.as_str().ok_or_else(form)?, depth),
            ("Fn::Equals", [left, right]) => Ok(self.text(left, depth)? == self.text(right, depth)?),
            ("Fn::Not", [one]) => Ok(!self.truth(one, depth)?),
            ("Fn::And", [_, ..]) => list
                .iter()
                .try_fold(true, |all, one| Ok(all && self.truth(one, depth)?)),
            ("Fn::Or", [_, ..]) => list
                .iter()
                .try_fold(false, |any, one| Ok(any || self.truth(one, depth)?)),
            _ => Err(form()),
        }
    }

    /// The value, worked out; `None` is `AWS::NoValue`.
    fn resolve(&self, value: &Value, depth: usize) -> Result<Option<Value>, TemplateError> {
        let depth = deeper(depth, value)?;
        if let Some((name, argument)) = function(value) {
            return self.call(name, argument, depth);
        }
        match value {
            Value::Array(items) => {
                let resolved = items.iter().map(|item| self.resolve(item, depth));
                let kept: Result<Vec<Value>, _> = resolved.filter_map(Result::transpose).collect();
                Ok(Some(Value::Array(kept?)))
            }
            Value::Object(fields) => {
                let mut kept = Map::new();
                for (name, field) in fields {
                    if let Some(field) = self.resolve(field, depth)? {
                        kept.insert(name.clone(), field);
                    }
                }
                Ok(Some(Value::Object(kept)))
            }
            scalar => Ok(Some(scalar.clone())),
        }
    }

    fn call(&self, name: &str, argument: &Value, depth: usize) -> Result<Option<Value>, TemplateError> {
        let form = || TemplateError::Form(format!("{name}: {argument}"));
        let list = argument.as_array().map_or(&[][..], Vec::as_slice);
        match (name, list) {
            ("Ref", _) => self.refer(argument.as_str().ok_or_else(form)?),
            ("Fn::GetAtt", [resource, attribute]) => {
                let (resource, attribute) = (self.text(resource, depth)?, self.text(attribute, depth)?);
                self.known(&resource)?;
                Ok(Some(Value::from(format!("${{{resource}.{attribute}}}"))))
            }
            ("Fn::If", [condition, yes, no]) => {
                let holds = self.holds(condition.as_str().ok_or_else(form)?, depth)?;
                self.resolve(if holds { yes } else { no }, depth)
            }
            ("Fn::Sub", [text, names]) => self.substitute(text.as_str().ok_or_else(form)?, names, depth),
            ("Fn::Sub", _) => self.substitute(argument.as_str().ok_or_else(form)?, &Value::Null, depth),
            ("Fn::Join", [between, parts]) => {
                let parts = self.resolve(parts, depth)?.unwrap_or_default();
                let parts: Vec<String> = parts.as_array().ok_or_else(form)?.iter().map(text).collect();
                Ok(Some(Value::from(parts.join(&self.text(between, depth)?))))
            }
            ("Fn::FindInMap", [map, first, second]) => {
                let path = [map, first, second].map(|key| self.text(key, depth));
                let mut found = &self.raw["Mappings"];
                for key in path {
                    let key = key?;
                    found = found.get(&key).ok_or(TemplateError::Dangling(key))?;
                }
                Ok(Some(found.clone()))
            }
            ("Fn::Select", [index, from]) => {
                let index = self.text(index, depth)?.parse::<usize>().map_err(|_| form())?;
                let from = self.resolve(from, depth)?.unwrap_or_default();
                Ok(Some(from.get(index).cloned().ok_or_else(form)?))
            }
            ("Fn::Split", [at, whole]) => {
                let (at, whole) = (self.text(at, depth)?, self.text(whole, depth)?);
                Ok(Some(whole.split(at.as_str()).map(Value::from).collect()))
            }
            _ => Err(form()),
        }
    }

    fn refer(&self, name: &str) -> Result<Option<Value>, TemplateError> {
        let fixed = match name {
            "AWS::NoValue" => return Ok(None),
            "AWS::AccountId" => ACCOUNT,
            "AWS::Region" => REGION,
            "AWS::Partition" => "aws",
            "AWS::URLSuffix" => "amazonaws.com",
            "AWS::StackName" => "sentinel",
            "AWS::StackId" => "arn:aws:cloudformation:eu-central-1:123456789012:stack/sentinel/0",
            _ => "",
        };
        if !fixed.is_empty() {
            return Ok(Some(Value::from(fixed)));
        }
        if let Some(value) = self.parameters.get(name) {
            return Ok(Some(value.clone()));
        }
        self.known(name)?;
        Ok(Some(Value::from(format!("${{{name}}}"))))
    }

    /// `${Name}`, `${Name.Attribute}`, `${!Literal}`.
    fn substitute(&self, pattern: &str, names: &Value, depth: usize) -> Result<Option<Value>, TemplateError> {
        let mut parts = pattern.split("${");
        let mut whole = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let Some((name, rest)) = part.split_once('}') else {
                return Err(TemplateError::Form(pattern.to_owned()));
            };
            let value = if let Some(literal) = name.strip_prefix('!') {
                format!("${{{literal}}}")
            } else if let Some(own) = names.get(name) {
                self.text(own, depth)?
            } else if let Some((resource, _)) = name.split_once('.') {
                self.known(resource)?;
                format!("${{{name}}}")
            } else {
                text(&self.refer(name)?.unwrap_or_default())
            };
            whole.push_str(&value);
            whole.push_str(rest);
        }
        Ok(Some(Value::String(whole)))
    }

    fn known(&self, resource: &str) -> Result<(), TemplateError> {
        // What SAM makes of a function's event bears the names of both.
        let dangling = || TemplateError::Dangling(resource.to_owned());
        self.raw["Resources"].get(resource).map(|_| ()).ok_or_else(dangling)
    }

    fn text(&self, value: &Value, depth: usize) -> Result<String, TemplateError> {
        Ok(text(&self.resolve(value, depth)?.unwrap_or_default()))
    }
}

/// The parameters' values: what was given, else the default.
fn parameters(raw: &Value, given: &[(&str, &str)]) -> Result<Map<String, Value>, TemplateError> {
    let declared = &raw["Parameters"];
    if let Some((name, _)) = given.iter().find(|(name, _)| declared.get(*name).is_none()) {
        return Err(TemplateError::NoParameter((*name).to_owned()));
    }
    let mut values = Map::new();
    for (name, parameter) in fields(declared) {
        let own = given.iter().find(|(known, _)| known == name);
        let default = || parameter.get("Default").map(text);
        let value = own.map(|(_, value)| (*value).to_owned()).or_else(default);
        let value = value.ok_or_else(|| TemplateError::NotGiven(name.clone()))?;
        let allowed = parameter["AllowedValues"].as_array();
        if allowed.is_some_and(|allowed| !allowed.iter().any(|one| text(one) == value)) {
            let name = name.clone();
            return Err(TemplateError::NotAllowed { name, value });
        }
        let is_list = parameter["Type"].as_str() == Some("CommaDelimitedList");
        let list = || value.split(',').map(Value::from).collect();
        values.insert(name.clone(), if is_list { list() } else { Value::from(value) });
    }
    Ok(values)
}

/// A value as CloudFormation writes it into a text.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        Value::Array(items) => items.iter().map(text).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}

/// The name and the argument of a function.
fn function(value: &Value) -> Option<(&str, &Value)> {
    let fields = value.as_object().filter(|fields| fields.len() == 1)?;
    let (name, argument) = fields.iter().next()?;
    let is_function = name.starts_with("Fn::") || name == "Ref" || (name == "Condition" && argument.is_string());
    is_function.then_some((name, argument))
}

fn fields(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn deeper(depth: usize, at: &Value) -> Result<usize, TemplateError> {
    if depth < MAX_DEPTH {
        Ok(depth + 1)
    } else {
        Err(TemplateError::Form(at.to_string()))
    }
}
