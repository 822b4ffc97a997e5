#include "app/run_options.h"

#include "app/exit_code.h"

namespace godwit::app {
namespace {

Result<void> set_attributes(const Values& values, model::PlanPolicy& policy) {
    policy.preserve_owner = !values.flag("no-preserve-owner");
    policy.preserve_mode = !values.flag("no-preserve-mode");
    policy.preserve_mtime = !values.flag("no-preserve-mtime");
    using model::XattrClass;
    if (values.flag("preserve-xattrs")) policy.xattrs.add(XattrClass::User);
    if (values.flag("preserve-acls")) policy.xattrs.add(XattrClass::Acls);
    if (values.flag("preserve-privileged-xattrs")) policy.xattrs.add(XattrClass::Privileged);
    // Permission bits are a part of every list.
    if (policy.xattrs.has(XattrClass::Acls) && !policy.preserve_mode)
        return usage_error("--preserve-acls", "contradicts --no-preserve-mode");
    return {};
}

}  // namespace

OutputFormat output_of(const Values& values) {
    return output_format_from(values.text("output").value_or("table")).value_or(OutputFormat::Table);
}

VerifyMode verify_mode(const Values& values) {
    std::string mode = values.text("verify").value_or("on");
    if (mode == "off" || mode == "NONE") return VerifyMode::Nothing;
    return mode == "POINT_IN_TIME_CONSISTENT" ? VerifyMode::Everything : VerifyMode::Transferred;
}

Result<engine::ExecutionOptions> copy_options(const Values& values) {
    engine::ExecutionOptions options;
    GODWIT_TRY_VOID(set_attributes(values, options.policy));
    std::string compare = values.text("compare").value_or("metadata");
    options.policy.compare = model::compare_mode_from(compare).value_or(model::CompareMode::Metadata);
    // Who asks for contents to be compared does not want to hear that they were compared once.
    options.policy.use_index = compare != "size" && compare != "checksum" && compare != "bytes";
    options.policy.overwrite = !values.flag("no-overwrite");
    options.policy.transfer_all = values.flag("transfer-all");
    options.verify = verify_mode(values) != VerifyMode::Nothing;
    options.read_back = values.flag("read-back");
    options.carry_tags = !values.flag("no-tags");
    options.publish_changed = values.text("on-change") == "publish";
    if (!options.policy.overwrite && options.policy.transfer_all) {
        return usage_error("--no-overwrite", "contradicts --transfer-all");
    }
    if (!options.verify && options.read_back) {
        return usage_error("--read-back", "contradicts --verify " + values.text("verify").value_or(""));
    }
    return options;
}

Result<engine::ExecutionOptions> compare_options(const Values& values) {
    engine::ExecutionOptions options;
    GODWIT_TRY_VOID(set_attributes(values, options.policy));
    std::string by = values.text("by").value_or("metadata");
    options.policy.compare = model::compare_mode_from(by).value_or(model::CompareMode::Metadata);
    if (options.policy.xattrs.any() && options.policy.compare != model::CompareMode::Metadata)
        return usage_error("--by=" + by, "compares contents alone, not the attributes that are asked for");
    return options;
}

}  // namespace godwit::app
