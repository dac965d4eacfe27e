/* What an export of a mix cannot be far from: reads stereo WAV files of 24 bits, sums them and writes the sum, with one
 * thread and nothing else. usage: mix OUT IN... Each file is one that mix.py wrote: the audio begins at byte 44. */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HEADER = 44, BLOCK = 48 * 1024, FILES = 64 };

static unsigned char in[BLOCK], out[BLOCK];
static int32_t sum[BLOCK / 3];

int main(int argc, char **argv)
{
    int files[FILES], count = argc - 2;
    unsigned char header[HEADER];
    ssize_t got = 0;
    if (count < 1 || count > FILES)
        return 2;
    for (int i = 0; i < count; i++) {
        files[i] = open(argv[i + 2], O_RDONLY);
        if (files[i] < 0 || read(files[i], header, HEADER) != HEADER)
            return 1;
    }
    int to = open(argv[1], O_WRONLY | O_CREAT | O_TRUNC, 0666);
    if (to < 0 || write(to, header, HEADER) != HEADER)
        return 1;
    do {
        memset(sum, 0, sizeof sum);
        for (int i = 0; i < count; i++) {
            got = read(files[i], in, BLOCK);
            for (ssize_t k = 0; k < got / 3; k++) {
                const unsigned char *b = in + 3 * k;
                sum[k] += (int32_t)((uint32_t)b[0] << 8 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 24) >> 8;
            }
        }
        for (ssize_t k = 0; k < got / 3; k++) {
            int32_t v = sum[k] > 8388607 ? 8388607 : sum[k] < -8388608 ? -8388608 : sum[k];
            out[3 * k] = v;
            out[3 * k + 1] = v >> 8;
            out[3 * k + 2] = v >> 16;
        }
        if (got > 0 && write(to, out, got) != got)
            return 1;
    } while (got > 0);
    return close(to);
}
