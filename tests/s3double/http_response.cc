#include "s3double/http_response.h"

#include "s3double/http_request.h"

namespace godwit::s3double {

void Response::start(int status) {
    status_ = status;
    lines_.clear();
    text.clear();
    body.reset();
    offset = size_bytes = 0;
    announced_bytes.reset();
    head_only = close = has_own_length = false;
    shape = ReplyShape();
}

void Response::add(std::string_view name, std::string_view value) {
    lines_.append(name).append(": ").append(value).append("\r\n");
}

void Response::add_quoted(std::string_view name, std::string_view value) {
    lines_.append(name).append(": \"").append(value).append("\"\r\n");
}

std::optional<std::size_t> Response::find_line(std::string_view name, std::size_t from) const {
    for (std::size_t at = from; at < lines_.size(); at = lines_.find("\r\n", at) + 2) {
        std::string_view line = std::string_view(lines_).substr(at);
        if (line.size() > name.size() && line[name.size()] == ':' &&
            equal_ignoring_case(line.substr(0, name.size()), name))
            return at;
    }
    return std::nullopt;
}

std::optional<std::string_view> Response::header(std::string_view name) const {
    auto at = find_line(name, 0);
    if (!at) return std::nullopt;
    std::size_t begin = *at + name.size() + 2;
    return std::string_view(lines_).substr(begin, lines_.find("\r\n", begin) - begin);
}

void Response::remove(std::string_view name) {
    std::size_t from = 0;
    while (auto at = find_line(name, from)) {
        lines_.erase(*at, lines_.find("\r\n", *at) + 2 - *at);
        from = *at;
    }
}

void Response::set(std::string_view name, std::string_view value) {
    remove(name);
    add(name, value);
}

std::string_view reason_phrase(int status) {
    switch (status) {
        case 100:
            return "Continue";
        case 200:
            return "OK";
        case 204:
            return "No Content";
        case 206:
            return "Partial Content";
        case 301:
            return "Moved Permanently";
        case 302:
            return "Found";
        case 304:
            return "Not Modified";
        case 307:
            return "Temporary Redirect";
        case 308:
            return "Permanent Redirect";
        case 400:
            return "Bad Request";
        case 403:
            return "Forbidden";
        case 404:
            return "Not Found";
        case 405:
            return "Method Not Allowed";
        case 409:
            return "Conflict";
        case 411:
            return "Length Required";
        case 412:
            return "Precondition Failed";
        case 413:
            return "Content Too Large";
        case 416:
            return "Requested Range Not Satisfiable";
        case 429:
            return "Too Many Requests";
        case 500:
            return "Internal Server Error";
        case 501:
            return "Not Implemented";
        case 502:
            return "Bad Gateway";
        case 503:
            return "Service Unavailable";
        case 504:
            return "Gateway Timeout";
        default:
            return "Unknown";
    }
}

}  // namespace godwit::s3double
