/* elaborate_report: turns what is wrong into diagnostics at the place that the user wrote. While
 * shapes are only explored nothing is told: the same expression is elaborated once more. */
#include "elaborate.h"

/* The nearest place around `where` that is not inside the library that ships. */
static const call_frame *user_call(const elaborator *e, place where) {
  if (where.file == NULL || !where.file->shipped) return NULL;
  const call_frame *call = e->calls;
  while (call != NULL && call->where.file != NULL && call->where.file->shipped) call = call->outer;
  return call;
}

void complain(elaborator *e, place where, const char *format, ...) {
  if (e->exploring > 0) return;
  text message = text_new(e->memory);
  va_list arguments;
  va_start(arguments, format);
  text_vprintf(&message, format, arguments);
  va_end(arguments);
  const call_frame *call = user_call(e, where);
  if (call != NULL) {
    report_error(e->to, call->where, "in %s(): %s", call->layer, message.chars);
    report_note(e->to, where, "here in the library");
    return;
  }
  report_error(e->to, where, "%s", message.chars);
  if (e->calls != NULL && where.file == e->calls->statement->where.file)
    report_note(e->to, e->calls->where, "in this call of `%s`", e->calls->layer);
}

void remark(elaborator *e, place where, const char *format, ...) {
  if (e->exploring > 0) return;
  text message = text_new(e->memory);
  va_list arguments;
  va_start(arguments, format);
  text_vprintf(&message, format, arguments);
  va_end(arguments);
  report_note(e->to, where, "%s", message.chars);
}

void remark_shape(elaborator *e, const value *v, const expression *from) {
  if (e->exploring > 0) return;
  const char *shape = shape_text(e, v);
  if (v->word != NULL) remark(e, v->where, "`%s` is %s, defined here", v->word, shape);
  else if (from != NULL) remark(e, from->where, "this is %s", shape);
}

const char *suggestion(elaborator *e, const char *wrong, const char *const *candidates,
                       size_t count) {
  const char *near = name_nearest(wrong, candidates, count);
  return near == NULL ? "" : arena_printf(e->memory, "; did you mean `%s`?", near);
}
