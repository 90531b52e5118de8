/* What lies between two products lies so that the second is one for all samples; and one column is a row. */
#include <criterion/criterion.h>

#include "helper_plan.h"

/* The product whose results have so many columns, or NULL. */
static const matrix_product *product_of_columns(const entry_plan *e, int64_t columns) {
  for (size_t k = 0; k < e->assignments; k++) {
    const matrix_product *p = e->assignment[k]->product;
    if (p && group_turns(p, GROUP_N).count == columns) return p;
  }
  return NULL;
}

/* a[n] @ g is [n, i], read by W[k, i]: rows are samples and n. */
Test(layout, a_product_of_a_product_goes_over_rows) {
  planned one = plan_of("let N = 20\ninput a[N, N], x[N, 8]\ntarget y[4]\ng[n] = relu(dense(x[n], 24))\n"
                        "k[n] = dense(a[n] @ g, 12)\nz = dense(mean[n](relu(k[n])), 4)\noutput z\nloss mse(z, y)\n", 4);
  const matrix_product *p = product_of_columns(&one.made->entry[ENTRY_PREDICT], 12);
  cr_assert_not_null(p);
  const size_form rows = group_turns(p, GROUP_M);
  cr_expect(rows.batch, "one product for all samples");
  cr_expect_eq(rows.count, 20);
  forget_plan(&one);
}

/* The keys' derivative, sum_q q (dS)', is summed over samples and steps for the weights'. */
Test(layout, what_is_summed_over_samples_lies_by_rows) {
  planned one = plan_of("let T = 20, C = 30, D = 16\ninput x[T, C]\ntarget y[T, D]\nparam Q[D, C], K[D, C], V[D, C]\n"
                        "q[i] = Q @ x[i]\nk[i] = K @ x[i]\nv[i] = V @ x[i]\ns[i, j] = sum[d](q[i, d] * k[j, d])\n"
                        "a[i, j] = softmax[j](s[i, j])\no[i] = sum[j](a[i, j] * v[j])\noutput o\nloss mse(o, y)\n", 4);
  const entry_plan *e = &one.made->entry[ENTRY_GRADIENT];
  int whole = 0;
  for (size_t k = 0; k < e->assignments; k++) {
    const matrix_product *p = e->assignment[k]->product;
    if (e->assignment[k]->target->kept != STORAGE_GRADIENT || !p) continue;
    const size_form summed = group_turns(p, GROUP_K);
    whole += summed.batch && summed.count == 20;
  }
  cr_expect_eq(whole, 3, "each weight's derivative is one product");
  forget_plan(&one);
}

/* dW[1, i] = sum of d x[i] over samples: vectors run along i, in W and in x. */
Test(layout, one_column_is_a_row) {
  planned one = plan_of("input x[100]\ntarget y[1]\nz = dense(tanh(x), 1)\noutput z\nloss mse(z, y)\n", 4);
  const matrix_product *p = product_of_columns(&one.made->entry[ENTRY_GRADIENT], 100);
  cr_assert_not_null(p);
  cr_expect_eq(group_turns(p, GROUP_M).count, 1);
  cr_expect_not(p->transposed[1], "x is read as it lies");
  forget_plan(&one);
}
