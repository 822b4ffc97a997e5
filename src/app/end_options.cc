#include "app/end_options.h"

#include <fmt/format.h>

#include "app/exit_code.h"
#include "app/quantity.h"

namespace godwit::app {
namespace {

std::string prefix_of(End end) {
    switch (end) {
        case End::Source:
            return "source-";
        case End::Destination:
            return "destination-";
        case End::Only:
            break;
    }
    return "";
}

// Permission bits from octal digits: "644", "0644".
std::optional<std::uint32_t> parse_mode(std::string_view text) {
    if (text.empty() || text.size() > 5) return {};
    std::uint32_t mode = 0;
    for (char c : text) {
        if (c < '0' || c > '7') return {};
        mode = mode * 8 + static_cast<std::uint32_t>(c - '0');
    }
    return mode <= 07777 ? std::optional(mode) : std::nullopt;
}

std::optional<posix::Owner> parse_owner(std::string_view text) {
    constexpr std::uint64_t kIdMax = 0xFFFFFFFE;  // the last one means "leave it" to chown(2)
    std::size_t colon = text.find(':');
    if (colon == std::string_view::npos) return {};
    auto uid = parse_number(text.substr(0, colon));
    auto gid = parse_number(text.substr(colon + 1));
    if (!uid || !gid || *uid > kIdMax || *gid > kIdMax) return {};
    return posix::Owner{static_cast<std::uint32_t>(*uid), static_cast<std::uint32_t>(*gid)};
}

// A directory that may be read may be entered: x for each r.
std::uint32_t directory_mode(std::uint32_t file_mode) {
    return file_mode | ((file_mode & 0444) >> 2);
}

Result<posix::AttributeOptions> attribute_options(const Values& values) {
    posix::AttributeOptions options;
    options.keep_owner = !values.flag("no-preserve-owner");
    options.keep_mode = !values.flag("no-preserve-mode");
    options.keep_times = !values.flag("no-preserve-mtime");
    options.keep_set_id_bits = values.flag("preserve-set-id");
    if (auto text = values.text("default-mode")) {
        options.default_file_mode = parse_mode(*text);
        if (!options.default_file_mode) {
            return usage_error("--default-mode=" + *text, "is no mode; write octal digits up to 7777: 644");
        }
        options.default_directory_mode = directory_mode(*options.default_file_mode);
    }
    if (auto text = values.text("default-owner")) {
        options.default_owner = parse_owner(*text);
        if (!options.default_owner) {
            return usage_error("--default-owner=" + *text, "is no owner; write numbers: UID:GID");
        }
    }
    return options;
}

}  // namespace

EndOptions end_options(const Values& values, End end) {
    auto text = [&](std::string_view name) {
        auto own = values.text(prefix_of(end) + std::string(name));
        return own ? *own : values.text(name).value_or("");
    };
    auto flag = [&](std::string_view name) {
        return values.flag(prefix_of(end) + std::string(name)) || values.flag(name);
    };
    EndOptions options;
    options.endpoint_url = text("endpoint-url");
    options.profile = text("profile");
    options.region = text("region");
    options.ca_file = text("ca-file");
    options.addressing = s3::address_style_from(text("addressing")).value_or(s3::AddressStyle::Auto);
    options.verify_tls = !flag("no-verify-tls");
    options.anonymous = flag("anonymous");
    options.request_payer = flag("request-payer");
    return options;
}

Result<WriteOptions> write_options(const Values& values) {
    WriteOptions options;
    options.s3_objects.storage_class = values.text("storage-class").value_or("");
    options.s3_objects.encryption = values.text("sse").value_or("");
    options.s3_objects.kms_key_id = values.text("sse-kms-key-id").value_or("");
    if (Result<void> good = s3::check(options.s3_objects); !good) {
        return usage_error("--" + good.error().subject(), good.error().cause());
    }
    options.checksum =
        s3::checksum_choice_from(values.text("checksum").value_or("auto")).value_or(s3::ChecksumChoice::Auto);
    GODWIT_TRY(options.attributes, attribute_options(values));
    return options;
}

}  // namespace godwit::app
