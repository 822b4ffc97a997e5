#include "base/log.h"

#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <array>
#include <utility>

#include "base/error.h"

namespace godwit {
namespace {

constexpr std::array<std::pair<std::string_view, LogLevel>, 5> kLevels = {{{"debug", LogLevel::Debug},
                                                                           {"info", LogLevel::Info},
                                                                           {"warn", LogLevel::Warning},
                                                                           {"error", LogLevel::Error},
                                                                           {"off", LogLevel::Off}}};

spdlog::level::level_enum spdlog_level(LogLevel level) {
    switch (level) {
        case LogLevel::Debug:
            return spdlog::level::debug;
        case LogLevel::Info:
            return spdlog::level::info;
        case LogLevel::Warning:
            return spdlog::level::warn;
        case LogLevel::Error:
            return spdlog::level::err;
        case LogLevel::Off:
            return spdlog::level::off;
    }
    return spdlog::level::off;
}

bool needs_quotes(std::string_view value) {
    return value.empty() || value.find_first_of(" \"=\\") != std::string_view::npos;
}

void append_quoted(std::string& line, std::string_view value) {
    line += '"';
    for (char c : value) {
        if (c == '"' || c == '\\') line += '\\';
        line += c;
    }
    line += '"';
}

}  // namespace

std::optional<LogLevel> log_level_from(std::string_view name) {
    for (const auto& [known, level] : kLevels) {
        if (known == name) return level;
    }
    return std::nullopt;
}

std::string log_line(std::string_view event, std::initializer_list<LogField> fields) {
    std::string line = printable(event);
    for (const LogField& field : fields) {
        std::string value = printable(field.value);
        line += line.empty() ? "" : "  ";
        line += field.name;
        line += '=';
        if (needs_quotes(value)) {
            append_quoted(line, value);
        } else {
            line += value;
        }
    }
    return line;
}

struct Log::Sink {
    Sink() : logger("godwit", std::make_shared<spdlog::sinks::stderr_sink_mt>()) {
        auto utc = spdlog::pattern_time_type::utc;
        logger.set_formatter(
            std::make_unique<spdlog::pattern_formatter>("%Y-%m-%dT%H:%M:%S.%eZ %-7l %v", utc));
        logger.set_level(spdlog::level::debug);
        logger.flush_on(spdlog::level::debug);
    }
    spdlog::logger logger;
};

Log::Log(LogLevel level) : level_(level), sink_(std::make_unique<Sink>()) {}
Log::~Log() = default;
Log::Log(Log&&) noexcept = default;
Log& Log::operator=(Log&&) noexcept = default;

void Log::write(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) const {
    if (!enabled(level) || level == LogLevel::Off) return;
    sink_->logger.log(spdlog_level(level), "{}", log_line(event, fields));
}

}  // namespace godwit
