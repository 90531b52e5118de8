/* number.c: decimal text to the nearest double.
 *
 * Up to 15 digits (and more, below 2^53) with a power of ten up to 10^22 are exact in a double,
 * so that one multiplication or division rounds correctly (Clinger 1990, "How to read floating
 * point numbers accurately"). strtod does the rest.
 */
#include <float.h>
#include <locale.h>
#include <stdint.h>
#include <stdlib.h>

#include "source.h"

enum { LARGEST_EXACT_POWER = 22, MOST_DIGITS = 19 /* that fit an uint64_t */ };

static const double power_of_ten[LARGEST_EXACT_POWER + 1] = {
  1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
  1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/* strtod, with '.' as the decimal point whatever locale the program has chosen. */
static double read_slowly(const char *text) {
  locale_t plain = newlocale(LC_NUMERIC_MASK, "C", (locale_t)0);
  if (plain == (locale_t)0) return strtod(text, NULL);
  locale_t before = uselocale(plain);
  double value = strtod(text, NULL);
  uselocale(before);
  freelocale(plain);
  return value;
}

/* Appends digits to *mantissa; counts the significant ones. The mantissa is wrong (modulo 2^64)
 * where they are more than MOST_DIGITS. */
static const char *read_digits(const char *at, uint64_t *mantissa, long *significant) {
  for (; *at >= '0' && *at <= '9'; at++) {
    *mantissa = *mantissa * 10 + (uint64_t)(*at - '0');
    if (*significant || *at != '0') ++*significant;
  }
  return at;
}

/* The exponent that begins at an 'e'; without digits it does not belong to the number. */
static const char *read_exponent(const char *at, long *exponent) {
  const char *digit = at + 1;
  long value = 0;
  int negative = *digit == '-';
  if (*digit == '-' || *digit == '+') digit++;
  if (*digit < '0' || *digit > '9') return at;
  for (; *digit >= '0' && *digit <= '9'; digit++)
    if (value < 100000) value = value * 10 + (*digit - '0');
  *exponent += negative ? -value : value;
  return digit;
}

const char *nnrt_read_decimal(const char *text, double *value) {
  const char *at = text;
  uint64_t mantissa = 0;
  long significant = 0, exponent = 0, digits = 0;
  int negative = *at == '-';
  if (*at == '-' || *at == '+') at++;
  const char *first = at;
  at = read_digits(at, &mantissa, &significant);
  digits = at - first;
  if (*at == '.') {
    const char *fraction = at + 1;
    const char *end = read_digits(fraction, &mantissa, &significant);
    exponent = -(end - fraction);
    digits -= exponent;
    at = end;
  }
  if (digits == 0) return NULL;
  if (*at == 'e' || *at == 'E') at = read_exponent(at, &exponent);

  if (FLT_EVAL_METHOD == 0 && significant <= MOST_DIGITS && mantissa <= (UINT64_C(1) << 53) &&
      exponent >= -LARGEST_EXACT_POWER && exponent <= LARGEST_EXACT_POWER) {
    double whole = (double)mantissa;
    double size =
      exponent < 0 ? whole / power_of_ten[-exponent] : whole * power_of_ten[exponent];
    *value = negative ? -size : size;
  } else {
    *value = read_slowly(text);
  }
  return at;
}
