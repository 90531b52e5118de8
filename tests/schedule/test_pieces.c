/* Sums whose terms fill places of their own are stored piece by piece, and read as one. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "helper_plan.h"

static planned plan_of_body(const char *body) {
  char model[900];
  snprintf(model, sizeof model, "let T = 16, D = 24\ninput x[T, D]\ntarget y[4]\n%s\noutput z\nloss mse(z, y)\n"
                                "train { batch 32 }\n", body);
  return plan_of(model, 4);
}

static int count_writers(const buffer *b) {
  int count = 0;
  for (const assignment *a = b->writer; a; a = a->next_writer) count++;
  return count;
}

static int count_clears(const step *first, const buffer *b) {
  int count = 0;
  for (const step *s = first; s; s = s->next) {
    if (s->kind == STEP_LOOP) count += count_clears(s->first, b);
    else count += s->kind == STEP_CLEAR && s->what->target == b;
  }
  return count;
}

static const buffer *find_in_pieces(const entry_plan *e) {
  for (size_t k = 0; k < e->buffers; k++) {
    if (e->buffer[k]->in_pieces) return e->buffer[k];
  }
  return NULL;
}

/* The gradient stores one tensor by so many assignments, each to places of its own. */
static const buffer *expect_pieces(const planned *one, int pieces) {
  const entry_plan *e = &one->made->entry[ENTRY_GRADIENT];
  const buffer *b = find_in_pieces(e);
  cr_assert_not_null(b);
  cr_expect_eq(count_writers(b), pieces);
  cr_expect_eq(count_clears(e->first, b), 0, "nothing is added to zeroes");
  for (const assignment *a = b->writer; a; a = a->next_writer) {
    cr_expect(a->piece);
    cr_expect_not(a->adds);
    cr_expect_null(a->conditions);
  }
  return b;
}

/* How many products read the buffer. */
static int count_products(const entry_plan *e, const buffer *b) {
  int count = 0;
  for (size_t k = 0; k < e->assignments; k++) {
    for (const buffer_read *r = e->assignment[k]->reads; r; r = r->next) {
      count += e->assignment[k]->product && r->from == b;
    }
  }
  return count;
}

Test(pieces, the_gates_of_an_lstm_come_back_as_one_tensor) {
  planned one = plan_of_body("h = lstm(x, 16)\nz = dense(h[T-1], 4)");
  const buffer *gates = expect_pieces(&one, 4);
  cr_expect_eq(count_products(&one.made->entry[ENTRY_GRADIENT], gates), 3, "weights, states, inputs: one each");
  const step *loop = gates->writer->where_done->parent;
  for (const assignment *a = gates->writer; a; a = a->next_writer) {
    cr_expect_eq(a->where_done->parent, loop, "in one loop");
  }
  cr_expect(turns_stand_apart(loop));
  forget_plan(&one);
}

Test(pieces, attention_writes_its_products_where_they_belong) {
  planned one = plan_of_body("h = attention(x, 2)\nb = dense(h, 4)\nz = mean[t](tanh(b[t]))");
  const buffer *all = expect_pieces(&one, 3);
  for (const assignment *a = all->writer; a; a = a->next_writer) cr_expect_eq(a->kind, ASSIGN_PRODUCT);
  forget_plan(&one);
}

Test(pieces, every_second_place_may_be_one_of_them) {
  planned one = plan_of_body("param K[12, D]\nk[t] = K @ x[t]\n"
                             "e[t, i: 6] = tanh(k[t, 2*i]) * k[t, 2*i + 1]\nb = dense(e, 4)\nz = mean[t](tanh(b[t]))");
  const buffer *all = expect_pieces(&one, 2);
  cr_expect(turns_stand_apart(all->writer->where_done->parent));
  cr_expect_eq(count_products(&one.made->entry[ENTRY_GRADIENT], all), 1, "for the weights");
  forget_plan(&one);
}

Test(pieces, halves_may_be_cut_differently) {
  planned one = plan_of_body("param K[12, D]\nk[t] = K @ x[t]\n"
                             "e[t, i: 3] = tanh(k[t, 2*i]) * k[t, 2*i + 1]\ng[t, i: 6] = exp(k[t, i + 6])\n"
                             "b = dense(e, 4)\nc = dense(g, 4)\nz = mean[t](tanh(b[t] + c[t]))");
  expect_pieces(&one, 3);
  forget_plan(&one);
}

Test(pieces, what_is_put_together_is_read_as_one) {
  planned one = plan_of_body("param U[7, D], V[5, D]\nk[t] = concat(U @ x[t], V @ x[t])\n"
                             "b = dense(k, 4)\nz = mean[t](tanh(b[t]))");
  const buffer *all = expect_pieces(&one, 2);
  cr_expect_eq(count_products(&one.made->entry[ENTRY_GRADIENT], all), 2, "forwards, and for the weights");
  forget_plan(&one);
}

static void expect_none(entry_kind kind, const char *body) {
  planned one = plan_of_body(body);
  cr_expect_null(find_in_pieces(&one.made->entry[kind]));
  forget_plan(&one);
}

/* A copy of the input would cost more than two products; so would one of what the model shows. */
Test(pieces, what_is_there_already_stays_where_it_is) {
  expect_none(ENTRY_GRADIENT, "param U[7, D]\nk[t] = concat(x[t], U @ x[t])\n"
                              "b = dense(k, 4)\nz = mean[t](tanh(b[t]))");
  expect_none(ENTRY_PREDICT, "param U[70, D], V[9, D]\na[t] = U @ x[t]\nk[t] = concat(a[t], V @ x[t])\n"
                             "b = dense(k, 4)\nz = mean[t](tanh(b[t]))\noutput a");
}

/* Twelve for twelve places, but 4 has two and 11 has none. */
Test(pieces, no_place_has_two_terms) {
  expect_none(ENTRY_GRADIENT, "param K[12, D]\nk[t] = K @ x[t]\n"
                              "e[t, i: 5] = tanh(k[t, i])\ng[t, i: 7] = exp(k[t, i + 4])\n"
                              "b = dense(e, 4)\nc = dense(g, 4)\nz = mean[t](tanh(b[t] + c[t]))");
}

/* 5 has none. */
Test(pieces, no_place_is_left_out) {
  expect_none(ENTRY_GRADIENT, "param K[12, D]\nk[t] = K @ x[t]\n"
                              "e[t, i: 5] = tanh(k[t, i])\ng[t, i: 6] = exp(k[t, i + 6])\n"
                              "b = dense(e, 4)\nc = dense(g, 4)\nz = mean[t](tanh(b[t] + c[t]))");
}

/* The second piece is added up step by step, along memory; so it needs zeroes, and the first adds to them, too. */
Test(pieces, what_is_added_up_in_memory_begins_with_zeroes) {
  planned one = plan_of_body("param U[3, D], V[16, D]\ns[t] = tanh(V @ x[t])\n"
                             "c = concat(sum[t](U @ tanh(x[t])), sum[t](x[t, 0] * s[t]))\n"
                             "z = dense(c, 4) + mean[t](s[t, 0]) * s[1, 2]");
  const entry_plan *e = &one.made->entry[ENTRY_GRADIENT];
  const buffer *c = find_in_pieces(e);
  cr_assert_not_null(c);
  cr_expect_eq(count_writers(c), 2);
  cr_expect_eq(count_clears(e->first, c), 1);
  for (const assignment *a = c->writer; a; a = a->next_writer) {
    cr_expect_not(a->piece);
    cr_expect(a->adds);
  }
  forget_plan(&one);
}
