// FOR MEASUREMENT ONLY, never for use: valgrind 3.19 does not know openat2(2), without which Godwit opens
// nothing. Preloaded into a Godwit that runs under valgrind, this opens with openat(2) in its place, so
// nothing is kept inside a location. One system call stands for one, so that instructions are counted as they
// are.
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>

#include <cstdarg>

// The C library's syscall(), which is how Godwit calls what that library has no function for.
extern "C" long syscall(long number, ...) {
    va_list list;
    va_start(list, number);
    long argument[6];
    for (long& value : argument) value = va_arg(list, long);
    va_end(list);
    if (number == SYS_openat2) {
        const auto* how = reinterpret_cast<const open_how*>(argument[2]);
        return openat(static_cast<int>(argument[0]), reinterpret_cast<const char*>(argument[1]),
                      static_cast<int>(how->flags), static_cast<mode_t>(how->mode));
    }
    using Syscall = long (*)(long, ...);
    static const auto real = reinterpret_cast<Syscall>(dlsym(RTLD_NEXT, "syscall"));
    return real(number, argument[0], argument[1], argument[2], argument[3], argument[4], argument[5]);
}
