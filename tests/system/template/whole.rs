//! Whatever is chosen, the template holds together, and its outputs say what comes next.

use crate::deployments::{DEPLOYMENTS, strings};
use stage::policy::{Template, TemplateError};

#[test]
fn every_deployment_can_be_worked_out() {
    for given in DEPLOYMENTS {
        let template = Template::ours(given).unwrap();
        assert!(!template.outputs().unwrap().is_empty(), "{given:?}");
        let resources = template.resources().unwrap();
        // A resource that does not exist here is named by none that does.
        let mut texts = Vec::new();
        resources.values().for_each(|one| strings(one, &mut texts));
        let named = texts.iter().flat_map(|text| text.split("${").skip(1));
        for name in named.filter_map(|part| part.split(['}', '.']).next()) {
            assert!(resources.contains_key(name), "{given:?} names {name}");
        }
    }
}

#[test]
fn mistakes_are_noticed() {
    let ours = |given: &[(&str, &str)]| Template::ours(given).unwrap_err();
    assert!(matches!(ours(&[("Scedule", "1-hour")]), TemplateError::NoParameter(name) if name == "Scedule"));
    assert!(matches!(
        ours(&[("Schedule", "2-hours")]),
        TemplateError::NotAllowed { .. }
    ));
    let text = |text: &str| Template::parse(text, &[]).and_then(|template| template.resources());
    assert!(matches!(text("Resources: {A: !Ref B}"), Err(TemplateError::Dangling(name)) if name == "B"));
    assert!(matches!(
        text("Resources: {A: !Sub '${B.Arn}'}"),
        Err(TemplateError::Dangling(_))
    ));
    assert!(matches!(text("Resources: {A: !Base64 x}"), Err(TemplateError::Form(_))));
    assert!(matches!(text("Resources: {A: 1, A: 2}"), Err(TemplateError::Yaml(_))));
    assert!(matches!(
        text("Parameters: {P: {Type: String}}"),
        Err(TemplateError::NotGiven(_))
    ));
}

#[test]
fn outputs_say_what_comes_next() {
    let outputs = Template::ours(&[("ExistingBucket", "b"), ("BucketPrefix", "a/")])
        .unwrap()
        .outputs()
        .unwrap();
    assert_eq!(outputs["Store"], "s3://b/a/");
    assert_eq!(outputs["VerifyTheRecord"], "rekor-sentinel verify --store s3://b/a/");
    let put = outputs["PutConfiguration"].as_str().unwrap();
    assert!(put.starts_with("rekor-sentinel config put ") && put.ends_with(" --store s3://b/a/"));
    assert!(outputs["SendTestAlert"].as_str().unwrap().contains("{\"test\":true}"));
    assert!(!outputs.contains_key("ChatTopicArn"));
}
